"""What is told of conditions without an event is so of every event."""

import pytest
from hypothesis import given

from operators.policy.logic import always_holds, implies, never_holds, opposite
from operators.policy.parser import parse_condition
from operators.policy.tree import Node
from tests.policy.moments import SCOPE, Moment
from tests.policy.oracle import value_of
from tests.policy.trees import conditions, moments


@given(conditions, conditions, moments)
def test_what_is_implied_holds_too(first: Node, second: Node, moment: Moment) -> None:
    if implies(first, second) and value_of(first, moment) is True:
        assert value_of(second, moment) is True


@given(conditions, moments)
def test_what_never_or_always_holds_does(condition: Node, moment: Moment) -> None:
    value = value_of(condition, moment)
    assert not (never_holds(condition) and value is True)
    assert not (always_holds(condition) and value is not True)


@given(conditions, moments)
def test_the_opposite_is_the_negation(condition: Node, moment: Moment) -> None:
    value = value_of(condition, moment)
    assert value_of(opposite(condition), moment) is (None if value is None else not value)


def tree(text: str) -> Node:
    return parse_condition(text, SCOPE).tree


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("score >= 0.9", "score >= 0.5"),
        ("0.9 <= score", "score > 0.5"),
        ("score > 0.5 && late", "late || degraded"),
        ("score > 0.9 || user_risk > 0.9 && score > 0.6", "score > 0.5"),
        ("!(score < 0.5)", "score >= 0.5"),
        ("score == 0.7", "score in [0.7, 0.8]"),
        ("event.country == 'DE'", "event.country in ['FR', 'DE']"),
        ("event.country in ['DE', 'DK']", "event.country.startsWith('D')"),
        ("event.country == 'DE'", "event.country != 'FR'"),
        ("event.country == 'DE'", "has(event.country)"),
        ("event.amount > 3 * feature.user_count_1d && late", "event.amount > 3 * feature.user_count_1d"),
        ("event.user_id in lists.blocked", "event.user_id in lists.blocked"),
    ],
)
def test_one_holds_wherever_the_other_does(first: str, second: str) -> None:
    assert implies(tree(first), tree(second))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("score >= 0.5", "score >= 0.9"),
        ("score >= 0.5", "score > 0.5"),
        ("score > 0.5", "user_risk > 0.5"),
        ("event.country != 'FR'", "event.country == 'DE'"),
        ("event.user_id in lists.blocked", "event.user_id in ['mallory', 'trudy']"),
        ("event.user_id in lists.nobody", "event.user_id in lists.blocked"),
        ("late || score > 0.9", "score > 0.9"),
    ],
)
def test_one_may_hold_alone(first: str, second: str) -> None:
    assert not implies(tree(first), tree(second))


@pytest.mark.parametrize(
    "text",
    [
        "score > 1",
        "score < 0 || user_risk > 1",
        "score > 0.9 && score < 0.5",
        "late && !late",
        "event.country == 'DE' && event.country == 'FR'",
        "!has(event.amount) && event.amount > 5",
        "false",
    ],
)
def test_some_conditions_never_hold(text: str) -> None:
    assert never_holds(tree(text))
    assert not always_holds(tree(text))


def test_some_conditions_always_hold() -> None:
    assert always_holds(tree("user_risk >= 0 && true"))
    assert not always_holds(tree("score >= 0"))  # there may be none
    assert not never_holds(tree("event.user_id in lists.nobody"))  # by tomorrow it may have values
