"""What is encoded decodes to itself, and the wire form is what the contract's schema says."""

import json
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.codec import decode_decision, decode_event, decode_label, encode_decision, encode_event, encode_label
from contracts.events import AMOUNT_SCALE, EVENT_TYPES, LABELS, Event, Label, Limit, ManualDecision
from contracts.fields import MAX_AMOUNT
from contracts.messages import ENDING, EVENT_ACTIONS, ActionName, EventMessage
from contracts.times import EARLIEST, LATEST
from tests.contracts.records import ATTRIBUTES, TIMES, texts

NUMBERS_AS_FLOATS = ATTRIBUTES.map(
    lambda entries: {name: float(value) if type(value) is int else value for name, value in entries.items()} or None
)
EVENTS = st.builds(
    Event,
    event_id=texts(128, least=1),
    event_type=st.sampled_from(EVENT_TYPES),
    event_time=TIMES,
    user_id=texts(128, least=1),
    order_id=texts(128),
    amount=st.none() | st.integers(0, int(MAX_AMOUNT) * AMOUNT_SCALE),
    currency=texts(8),
    merchant_id=texts(128),
    device_id=texts(128),
    card_id=texts(128),
    ip=texts(128),
    country=texts(128),
    category=texts(128),
    text=texts(2_000),
    outcome=texts(128),
    attributes=st.none() | NUMBERS_AS_FLOATS,
)
LABELS_OF_EVENTS = st.builds(
    Label, texts(128, least=1), texts(128, least=1), st.sampled_from(LABELS), TIMES, texts(128, least=1)
)


def _decision(id: str, user: str, subject: tuple[str, str], verdict: str, action: str, time: int) -> ManualDecision:
    override = verdict == "override"
    ends = override and action in ENDING and time < LATEST - 1
    limit = Limit(None, 3, 3_600_000) if override and action == "limit" else None
    subject = (subject[0] or "a", subject[1]) if action in EVENT_ACTIONS else subject
    return ManualDecision(
        id, user, *subject, verdict, action if override else "", time + 1 if ends else None, time, "ann",
        "Seen by eye.", limit,
    )  # fmt: skip


NAMED = texts(128, least=1)
DECISIONS = st.builds(
    _decision, NAMED, NAMED, st.tuples(NAMED, texts(128)) | st.tuples(texts(128), NAMED),
    st.sampled_from(["release", "confirm", "override"]),
    st.sampled_from(get_args(ActionName)), st.integers(EARLIEST, LATEST - 2),
)  # fmt: skip


@given(DECISIONS)
def test_decisions(decision: ManualDecision) -> None:
    assert decode_decision(encode_decision(decision)) == decision


@settings(max_examples=200)
@given(EVENTS)
def test_events(event: Event) -> None:
    data = encode_event(event)
    assert repr(decode_event(data)) == repr(event)
    assert EventMessage.model_validate_json(data).event_time == event.event_time


@given(LABELS_OF_EVENTS)
def test_labels(label: Label) -> None:
    assert decode_label(encode_label(label)) == label


def test_absent_fields_stay_away() -> None:
    wire = json.loads(encode_event(Event("e", "login", 1_522_540_831_000, "u")))
    assert wire == {"event_id": "e", "event_type": "login", "event_time": "2018-04-01T00:00:31.000Z", "user_id": "u"}


@pytest.mark.parametrize("absent", ["null", '""'])
def test_null_and_empty_mean_absent(absent: str) -> None:
    data = f'{{"event_id":"e","event_type":"login","event_time":1700000000000,"user_id":"u","card_id":{absent}}}'
    assert decode_event(data.encode()) == Event("e", "login", 1_700_000_000_000, "u")


def test_an_amount_of_zero_is_not_absent() -> None:
    event = Event("e", "payment", 1_700_000_000_000, "u", amount=0)
    assert json.loads(encode_event(event))["amount"] == 0
    assert decode_event(encode_event(event)).amount == 0


@pytest.mark.parametrize(
    ("wire", "scaled"), [("57.16", 571_600), ("0.00005", 0), ("0.00016", 2), ("1e10", 10**14), ("1", 10_000)]
)
def test_amounts_become_integers_of_the_scale(wire: str, scaled: int) -> None:
    data = f'{{"event_id":"e","event_type":"login","event_time":1700000000000,"user_id":"u","amount":{wire}}}'
    assert decode_event(data.encode()).amount == scaled


def test_text_may_hold_any_character_of_unicode() -> None:
    """NUL too: nothing behind the codec ends a text at it, and a refusal would lose a real event."""
    event = Event("e\x00", "review", 1_700_000_000_000, "用户", text="好评。\x00\x7f\u2028😀")
    assert decode_event(encode_event(event)) == event
