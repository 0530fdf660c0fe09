"""The fast decoder and the pydantic models give one verdict: the same value, or a refusal from both."""

import json

from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from contracts.codec import InvalidRecordError, decode_event, decode_label
from contracts.events import AMOUNT_SCALE, LABELS, Event, Label
from contracts.messages import EventMessage, LabelMessage
from tests.contracts.records import NOT_RFC_3339, ODD_TIMES, RFC_3339, TIMES, damaged, json_objects, texts

GOOD = b'{"event_id":"e","event_type":"login","event_time":1700000000000,"user_id":"u"'


def by_models(data: bytes) -> Event | None:
    """What the models alone make of a value; None where they refuse it."""
    try:
        message = EventMessage.model_validate_json(data)
    except ValidationError:
        return None
    absent = Event("", "", 0, "")
    fields = {name: getattr(message, name) or getattr(absent, name) for name in Event.__struct_fields__}
    fields["amount"] = None if message.amount is None else round(message.amount * AMOUNT_SCALE)
    return Event(**fields)


def decoded(data: bytes) -> Event | None:
    """What the codec makes of a value; None where it refuses it. Any other error fails the test."""
    try:
        return decode_event(data)
    except InvalidRecordError as error:
        assert error.code in ("not_json", "not_an_object", "invalid_field")
        assert str(error)
        return None


def agree(data: bytes) -> None:
    """repr tells 1 from 1.0 and True, which compare equal."""
    assert repr(decoded(data)) == repr(by_models(data))


@settings(max_examples=600)
@given(json_objects())
@example(GOOD + b',"unknown":"\xff\xfe"}')
@example(GOOD + b',"unknown\xff":1}')
@example(GOOD + b',"unknown":' + b"[" * 300 + b"]" * 300 + b"}")
@example(GOOD + b',"unknown":' + b"[" * 100_000 + b"]" * 100_000 + b"}")
@example(GOOD + b',"unknown":' + b"9" * 5_000 + b"}")
@example(GOOD + b',"unknown":NaN}')
@example(GOOD + b',"user_id":"another"}')
@example(b'{"user_id":7,' + GOOD[1:] + b"}")
def test_on_nearly_valid_objects(data: bytes) -> None:
    agree(data)


@settings(max_examples=400)
@given(damaged())
def test_on_damaged_bytes(data: bytes) -> None:
    agree(data)


@settings(max_examples=200)
@given(st.binary(max_size=40) | texts(40).map(str.encode))
@example(b"")
@example(b"null")
@example(b"NaN")
@example(b"\xef\xbb\xbf" + GOOD + b"}")
@example((GOOD + b"}").decode().encode("utf-16"))
@example(b'["e","login",1700000000000,"u"]')
def test_on_any_bytes(data: bytes) -> None:
    agree(data)


@given(TIMES | RFC_3339 | NOT_RFC_3339 | ODD_TIMES, st.sampled_from((*LABELS, "Fraud", "")), texts(129), st.booleans())
def test_on_labels(time: object, label: str, source: str, more: bool) -> None:
    fields = {"event_id": "e", "user_id": "u", "label": label, "label_time": time, "source": source}
    data = json.dumps(fields | ({"unknown": 1} if more else {})).encode()
    try:
        message = LabelMessage.model_validate_json(data)
        expected = Label(message.event_id, message.user_id, message.label, message.label_time, message.source)
    except ValidationError:
        expected = None
    try:
        assert decode_label(data) == expected
    except InvalidRecordError:
        assert expected is None
