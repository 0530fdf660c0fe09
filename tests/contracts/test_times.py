"""RFC 3339 and epoch milliseconds in, RFC 3339 with milliseconds out."""

from datetime import UTC, datetime

import pytest
from hypothesis import given

from contracts.times import EARLIEST, LATEST, format_time, parse_time
from tests.contracts.records import NOT_RFC_3339, TIMES

NOON = 1_769_860_800_000


@pytest.mark.parametrize(
    ("text", "millis"),
    [
        ("2026-01-31T12:00:00Z", NOON),
        ("2026-01-31t12:00:00z", NOON),
        ("2026-01-31 12:00:00Z", NOON),
        ("2026-01-31T12:00:00-00:00", NOON),
        ("2026-01-31T17:30:00+05:30", NOON),
        ("2026-01-31T00:01:00-11:59", NOON),
        ("2026-02-01T11:59:00+23:59", NOON),
        ("2026-01-31T12:00:00.1Z", NOON + 100),
        ("2026-01-31T12:00:00.0129Z", NOON + 12),
        ("2026-01-31T12:00:00.999999999Z", NOON + 999),
        ("2024-02-29T00:00:00Z", 1_709_164_800_000),
        ("2000-01-01T00:00:00Z", EARLIEST),
        ("2099-12-31T23:59:59.999Z", LATEST - 1),
        ("2100-01-01T00:00:00+00:01", LATEST - 60_000),
    ],
)
def test_every_form_of_rfc_3339(text: str, millis: int) -> None:
    assert parse_time(text) == millis


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("2026-01-31T12:00:00", "with an offset"),
        ("2026-01-31", "with an offset"),
        ("2026-01-31T12:00:00.Z", "with an offset"),
        ("2026-01-31T12:00:00+05:60", "with an offset"),
        ("2026-01-31T12:00:00+24:00", "with an offset"),
        (" 2026-01-31T12:00:00Z", "with an offset"),
        ("٢٠٢٦-01-31T12:00:00Z", "with an offset"),
        ("1769860800000", "with an offset"),
        ("2016-12-31T23:59:60Z", "second must be in 0..59"),
        ("2026-02-29T00:00:00Z", "day is out of range"),
        ("2026-13-01T00:00:00Z", "month must be in 1..12"),
        ("1970-01-01T00:00:00Z", "between 2000-01-01 and 2100-01-01"),
        ("2100-01-01T00:00:00Z", "between 2000-01-01 and 2100-01-01"),
        ("0001-01-01T00:00:00+23:59", "between 2000-01-01 and 2100-01-01"),
        ("9999-12-31T23:59:59-23:59", "between 2000-01-01 and 2100-01-01"),
        (0, "between 2000-01-01 and 2100-01-01"),
        (1_700_000_000, "between 2000-01-01 and 2100-01-01"),
        (10**30, "between 2000-01-01 and 2100-01-01"),
        (1.7e12, "or epoch milliseconds"),
        (True, "or epoch milliseconds"),
        (None, "or epoch milliseconds"),
    ],
)
def test_anything_else_is_refused_with_the_reason(value: int | str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        parse_time(value)


@given(NOT_RFC_3339)
def test_near_misses_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"RFC 3339|between"):
        parse_time(text)


@given(TIMES)
def test_what_is_formatted_parses_to_itself(millis: int) -> None:
    text = format_time(millis)
    assert parse_time(text) == millis
    assert datetime.fromisoformat(text) == datetime.fromtimestamp(millis // 1_000, UTC).replace(
        microsecond=millis % 1_000 * 1_000
    )
