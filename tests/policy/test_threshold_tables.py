"""Thresholds in a policy's file: what may be said of them, and what conditions make of them."""

from dataclasses import replace

import pytest

from contracts.events import Event, Position
from operators.policy import Policy, PolicyEngine, PolicyError
from operators.policy.definition import Capacity
from tests.policy.files import HEAD, RULES, parsed
from tests.policy.lives import VERSIONS

THRESHOLDS = """
[thresholds.hold]
start = 0.8
min = 0.5
max = 0.95
capacity = "40/h"

[thresholds.doubt]
start = 0.04
cost = { miss = 96.0, false_hold = 4.0 }
"""
TEXT = HEAD + THRESHOLDS + RULES.replace("score >= 0.9", "score >= threshold.hold")


def held(policy: Policy, score: float) -> bool:
    event = Event("e", "payment", 1_700_000_000_000, "bob")
    decision = PolicyEngine(policy, ()).decide(None, event, (), score, False, Position("t", 0, 0), VERSIONS)
    return decision.judgment is not None and decision.judgment.rule == "likely"


def test_a_threshold_has_its_start_value_until_it_is_moved() -> None:
    policy = parsed(TEXT)
    assert policy.thresholds["hold"].capacity == Capacity(40, 3_600_000)
    assert policy.threshold_values == {"hold": 0.8, "doubt": 0.04}
    assert [held(policy, score) for score in (0.799999, 0.8)] == [False, True]
    moved = policy.with_thresholds({"hold": 0.6})
    assert [held(moved, score) for score in (0.599999, 0.6)] == [False, True]
    assert [held(policy, score) for score in (0.799999, 0.8)] == [False, True]


def test_the_version_names_what_was_moved() -> None:
    policy = parsed(TEXT)
    moved = policy.with_thresholds({"hold": 0.625})
    assert moved.version == f"{policy.version}+hold=0.625"
    assert moved.with_thresholds({"doubt": 0.05}).version == f"{policy.version}+hold=0.625+doubt=0.05"
    assert moved.with_thresholds({"hold": 0.8}) == policy


def test_no_two_values_have_one_version() -> None:
    policy = parsed(TEXT)
    versions = [policy.with_thresholds({"hold": value}).version for value in (0.6123456, 0.6123457)]
    assert versions == [f"{policy.version}+hold=0.6123456", f"{policy.version}+hold=0.6123457"]


def test_a_policy_without_thresholds_keeps_its_hash() -> None:
    with_unused = parsed(HEAD + THRESHOLDS + RULES)
    without = parsed(HEAD + RULES)
    assert without.version == "small@3#ddfef3f3"
    assert with_unused.version != without.version
    assert replace(with_unused, version=without.version, thresholds={}, threshold_values={}) == without


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"hodl": 0.6}, 'threshold "hodl": the policy has none of this name; did you mean hold?'),
        ({"hold": 0.4}, 'threshold "hold": 0.4 must lie between min (0.5) and max (0.95)'),
        ({"hold": float("nan")}, 'threshold "hold": nan must lie between min (0.5) and max (0.95)'),
    ],
)
def test_a_move_that_cant_be_is_refused(values: dict[str, float], text: str) -> None:
    with pytest.raises(PolicyError) as caught:
        parsed(TEXT).with_thresholds(values)
    assert str(caught.value) == f"small.toml: {text}"


CASES = [
    (TEXT.replace("start = 0.8", "start = 0.4"), "thresholds: hold: start: must lie between min (0.5) and max (0.95)"),
    (TEXT.replace("start = 0.8", ""), "thresholds: hold: start: Field required"),
    (TEXT.replace('"40/h"', '"40"'), "thresholds: hold: capacity: '40' is no capacity: write how many in an hour"),
    (TEXT.replace('"40/h"', '"0/h"'), "thresholds: hold: capacity: '0/h' is no capacity"),
    (TEXT.replace('"40/h"', "40"), "thresholds: hold: capacity: 40 is no capacity"),
    (TEXT.replace("cost =", 'capacity = "9/d"\ncost ='), "thresholds: doubt: capacity, cost: a threshold adapts"),
    (TEXT.replace("miss = 96.0", "mis = 96.0"), "thresholds: doubt: cost: mis: unknown field; did you mean miss?"),
    (TEXT.replace("miss = 96.0", "miss = 0"), "thresholds: doubt: cost: miss: Input should be greater than 0"),
    (TEXT.replace("max = 0.95", "maximum = 0.95"), "thresholds: hold: maximum: unknown field; did you mean max?"),
    (TEXT.replace('"40/h"', '"40/d"\nwindow = "12h"'), "thresholds: hold: window: must hold at least one whole period"),
    (TEXT.replace("threshold.hold", "threshold.hodl"), 'rule "likely": when, column 10: unknown threshold'),
    (TEXT.replace("threshold.hold", "threshold.hodl"), "did you mean hold?"),
    (TEXT.replace("threshold.hold", "threshold.hold || level == threshold.hold"), "a text can't be compared"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "told"), CASES)
def test_is_refused_with_the_field(text: str, told: str) -> None:
    with pytest.raises(PolicyError) as caught:
        parsed(text)
    assert str(caught.value).startswith("small.toml: ")
    assert told in str(caught.value)
