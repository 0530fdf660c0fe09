"""Segments: what a rule in a segment looks at, and figures that differ by segment."""

import re
from pathlib import Path

import pytest

from contracts.decisions import Versions
from contracts.events import Event, Position
from operators.policy import PolicyEngine, PolicyError
from tests.policy.files import HEAD, parsed
from tests.policy.test_policy_file import SEGMENTS

NAMES = ("user_age",)
TEXT = f"""{HEAD}{SEGMENTS}
[[rules]]
id = "likely"
when = "score >= by_segment.cutoff"
reason = "Likely."

[[rules]]
id = "strict"
segments = ["c2c", "new"]
when = "score >= 0.2 || late"
reason = "Strict."

[[rules]]
id = "not-new"
when = "!segment.new"
reason = "Not new."
"""


def reasons(score: float, channel: str = "", age: float = float("nan"), text: str = TEXT) -> list[str]:
    event = Event("e", "payment", 1_700_000_000_000, "bob", attributes={"channel": channel} if channel else None)
    engine = PolicyEngine(parsed(text), NAMES)
    place, versions = Position("t", 0, 0), Versions("m", "p", "f")
    decision = engine.decide(None, event, (age,), score, False, place, versions)
    return [reason.code for reason in decision.update.reasons]


OLD, NEW = 1e6, 60.0


def test_the_first_segment_that_holds_gives_the_figure() -> None:
    assert [reasons(score, "c2c", NEW) for score in (0.1, 0.5)] == [[], ["likely", "strict"]]
    assert [reasons(score, "b2b", NEW) for score in (0.5, 0.6)] == [["strict"], ["likely", "strict"]]
    assert [reasons(score, "b2b", OLD) for score in (0.7, 0.8)] == [["not-new"], ["likely", "not-new"]]


def test_an_event_of_no_known_segment_is_in_none_of_them() -> None:
    assert reasons(0.7) == []
    assert reasons(0.8) == ["likely"]


def test_what_can_change_a_decision_changes_the_version() -> None:
    versions = {
        parsed(text).version
        for text in (
            TEXT,
            TEXT.replace("< 86400", "<  86400"),
            TEXT.replace("< 86400", "< 86401"),
            TEXT.replace("c2c = 0.5, new = 0.6", "new = 0.6, c2c = 0.5"),
            TEXT.replace("otherwise = 0.8", "otherwise = 0.9"),
            TEXT.replace('["c2c", "new"]', '["new"]'),
        )
    }
    assert len(versions) == 5


def test_features_of_segments_are_checked() -> None:
    with pytest.raises(PolicyError, match=r'small.toml: segment "new", column 1: unknown feature \'user_age\''):
        PolicyEngine(parsed(TEXT), ("age_of_user",))


def test_the_documented_segments() -> None:
    page = (Path(__file__).parents[2] / "docs/policies.md").read_text(encoding="utf-8")
    _, example, *_ = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    assert reasons(0.7, "c2c", OLD, HEAD + example) == ["likely-fraud"]
    assert reasons(0.9, "b2b", OLD, HEAD + example) == []
    assert reasons(0.75, "", NEW, HEAD + example) == ["likely-fraud"]
    assert reasons(0.75, "", OLD, HEAD + example) == []
