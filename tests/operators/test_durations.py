"""Durations: every unit, and a clear error for anything else."""

from typing import Any

import pytest

from operators.durations import format_duration, parse_duration


@pytest.mark.parametrize(
    ("text", "millis"),
    [
        ("500ms", 500),
        ("2s", 2_000),
        ("30m", 1_800_000),
        ("12h", 43_200_000),
        ("7d", 604_800_000),
        ("0s", 0),
        ("007s", 7_000),
    ],
)
def test_whole_numbers_with_a_unit(text: str, millis: int) -> None:
    assert parse_duration(text) == millis


@pytest.mark.parametrize(
    "text", ["", "7", "d", "1.5h", "-1s", "7 d", "7D", "1d12h", "\u0663s", "9" * 5_000 + "s", "7d\n", 7, None]
)
def test_other_forms_are_refused_with_the_allowed_ones(text: Any) -> None:
    with pytest.raises(ValueError, match="write a whole number and ms, s, m, h or d"):
        parse_duration(text)


@pytest.mark.parametrize("text", ["500ms", "1s", "90m", "36h", "7d", "1001ms"])
def test_durations_are_written_as_people_write_them(text: str) -> None:
    assert format_duration(parse_duration(text)) == text
