"""What conditions mean."""

from math import nan
from operator import eq, ge, gt, le, lt, ne

import pytest

from contracts.events import Event
from tests.policy.moments import Moment, holds_text

COMPARE = {"==": eq, "!=": ne, "<": lt, "<=": le, ">": gt, ">=": ge}
EVENT = Event(
    "e1",
    "payment",
    1_700_000_000_000,
    "mallory",
    amount=5_000_001,
    currency="EUR",
    country="DE",
    text="a free gift card",
)
MOMENT = Moment(0.9, 0.4, "high", False, EVENT, (3.0, 0.31))
UNKNOWN = Moment(nan, 0.4, "low", False, Event("e1", "payment", 1_700_000_000_000, "alice"), (nan, nan))

TRUE = [
    "true",
    "score >= 0.9 && event.amount > 500.0 && feature.merchant_fraud_rate_7d > 0.3 || event.user_id in lists.blocked",
    "score == .9 && score == 9e-1 && user_risk < 1",
    "event.amount == 500.0001",
    "event.user_id in lists.blocked",
    "!(event.user_id in lists.nobody)",
    "event.country in ['DE', \"FR\"]",
    "feature.user_count_1d in [1, 3.0]",
    "event.country == 'DE' && 'FR' != event.country",
    "event.text.contains('free') && event.text.startsWith('a ') && event.text.endsWith(\"card\")",
    "!event.text.contains('Free')",
    "level == 'high' && level in ['low', 'high'] && event.event_type == 'payment'",
    "!late && !degraded && !!true",
    "has(event.country) && has(feature.user_count_1d) && !has(event.ip)",
    "1 + 2 * 3 == 7 && (1 + 2) * 3 == 9 && 7 - 2 - 1 == 4 && 8 / 4 / 2 == 1 && -2 + 3 == 1 && --1 == 1",
    "feature.user_count_1d / 24 < 0.2",
    "true || false && false",
    "(\n  score > 0.5\n  &&  !late\n)",
]
FALSE = [
    "false",
    "!true",
    "(true || false) && false",
    "score > 0.9",
    "event.user_id in lists.nobody",
    "event.country != 'DE'",
    "score / 0 > 0",
    "!(score / 0 > 0)",
]
UNKNOWABLE = [
    "feature.user_count_1d > 3",
    "feature.user_count_1d <= 3",
    "feature.user_count_1d == 3",
    "feature.user_count_1d != 3",
    "feature.user_count_1d != feature.user_count_1d",
    "-feature.user_count_1d * 0 + 1 > 0",
    "event.amount < 10",
    "event.country == 'DE'",
    "event.country != 'DE'",
    "event.country == event.ip",
    "event.country != event.ip",
    "event.country != event.user_id",
    "event.country in ['DE']",
    "event.device_id in lists.blocked",
    "event.amount in [1.0]",
    "event.text.contains('x')",
    "event.text.startsWith('x')",
    "event.text.endsWith('x')",
    "score >= 0.5",
    "score < 0.5",
]


@pytest.mark.parametrize("text", TRUE)
def test_holds(text: str) -> None:
    assert holds_text(text, MOMENT)
    assert not holds_text(f"!({text})", MOMENT)


@pytest.mark.parametrize("text", FALSE)
def test_does_not_hold(text: str) -> None:
    assert not holds_text(text, MOMENT)


@pytest.mark.parametrize("text", UNKNOWABLE)
def test_a_missing_value_makes_neither_a_test_nor_its_negation_hold(text: str) -> None:
    assert not holds_text(text, UNKNOWN)
    assert not holds_text(f"!({text})", UNKNOWN)
    assert holds_text(f"{text} || true", UNKNOWN)
    assert not holds_text(f"!({text} && true)", UNKNOWN)
    assert holds_text(f"!({text} && false)", UNKNOWN)


@pytest.mark.parametrize("operator", ["==", "!=", "<", "<=", ">", ">="])
@pytest.mark.parametrize("other", [0.8, 0.9, 1.0])
def test_comparisons_of_numbers(operator: str, other: float) -> None:
    expected = COMPARE[operator](0.9, other)
    assert holds_text(f"score {operator} {other}", MOMENT) is expected
    assert holds_text(f"!(score {operator} {other})", MOMENT) is not expected


@pytest.mark.parametrize("name", ["event.country", "event.amount", "feature.user_count_1d"])
def test_presence_is_always_known(name: str) -> None:
    assert holds_text(f"!has({name})", UNKNOWN)
    assert not holds_text(f"has({name})", UNKNOWN)


@pytest.mark.parametrize("text", ["it''s", "${score}", "{0}", "%s", "__import__('os')"])
def test_quoted_texts_are_only_texts(text: str) -> None:
    event = Event("e1", "payment", 1_700_000_000_000, text)
    quoted = f'"{text}"'
    assert holds_text(f"event.user_id == {quoted} && event.user_id.contains({quoted})", Moment(event=event))
    assert not holds_text(f"event.user_id == {quoted}", MOMENT)
