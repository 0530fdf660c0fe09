"""Between bytes and the flow's own types.

pydantic's models in `messages` decide what is valid and say what is wrong. A msgspec decoder, more than twice as fast,
is asked first: it either gives exactly what the models would, or nothing, and then the models speak (see ADR 2).
"""

from typing import Annotated, Any, TypeVar

import msgspec
import orjson
from msgspec import Meta
from pydantic import BaseModel, ValidationError

from contracts.control import ControlChange
from contracts.decisions import limit_fields
from contracts.events import AMOUNT_SCALE, EVENT_TYPES, LABELS, Event, Label, Limit, ManualDecision
from contracts.fields import MAX_AMOUNT, MAX_ATTRIBUTE_KEY, MAX_ATTRIBUTE_TEXT, MAX_ATTRIBUTES, MAX_TEXT
from contracts.messages import (
    ControlMessage,
    DecisionMessage,
    EventMessage,
    LabelMessage,
    PolicyActionMessage,
    PolicyChangeMessage,
)
from contracts.times import format_time, parse_time

_Identifier = Annotated[str, Meta(min_length=1, max_length=128)]
_Optional = Annotated[str, Meta(max_length=128)] | None
_AttributeValue = Annotated[str, Meta(max_length=MAX_ATTRIBUTE_TEXT)] | bool | float

M = TypeVar("M", bound=BaseModel)


class InvalidRecordError(ValueError):
    """A record that is not what its topic holds: `code` for machines, the message for the person who mends it."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


# Unknown fields are left to pydantic: msgspec would skip over them without a look at their UTF-8, depth and numbers.
class _WireEvent(msgspec.Struct, gc=False, forbid_unknown_fields=True):
    event_id: _Identifier
    event_type: str
    event_time: int | str
    user_id: _Identifier
    order_id: _Optional = None
    amount: Annotated[float, Meta(ge=0, le=MAX_AMOUNT)] | None = None
    currency: Annotated[str, Meta(max_length=8)] | None = None
    merchant_id: _Optional = None
    device_id: _Optional = None
    card_id: _Optional = None
    ip: _Optional = None
    country: _Optional = None
    category: _Optional = None
    text: Annotated[str, Meta(max_length=MAX_TEXT)] | None = None
    outcome: _Optional = None
    attributes: (
        Annotated[
            dict[Annotated[str, Meta(max_length=MAX_ATTRIBUTE_KEY)], _AttributeValue],
            Meta(max_length=MAX_ATTRIBUTES),
        ]
        | None
    ) = None


class _WireLabel(msgspec.Struct, gc=False, forbid_unknown_fields=True):
    event_id: _Identifier
    user_id: _Identifier
    label: str
    label_time: int | str
    source: _Identifier


class _Record(msgspec.Struct, gc=False):
    record_id: str | None = None


_record = msgspec.json.Decoder(_Record).decode
_fast_event = msgspec.json.Decoder(_WireEvent).decode
_fast_label = msgspec.json.Decoder(_WireLabel).decode
_EVENT_TYPES = {name: name for name in EVENT_TYPES}
_LABELS = {name: name for name in LABELS}


def decode_event(data: bytes) -> Event:
    """The event in a record's value. Raises InvalidRecordError, naming each wrong field."""
    try:
        wire = _fast_event(data)
        return _event(wire, _EVENT_TYPES[wire.event_type], parse_time(wire.event_time))
    except (msgspec.MsgspecError, UnicodeDecodeError, KeyError, ValueError, RecursionError):
        message = _validated(EventMessage, data)
        return _event(message, message.event_type, message.event_time)


def decode_label(data: bytes) -> Label:
    """The label in a record's value. Raises InvalidRecordError, naming each wrong field."""
    try:
        wire = _fast_label(data)
        return Label(wire.event_id, wire.user_id, _LABELS[wire.label], parse_time(wire.label_time), wire.source)
    except (msgspec.MsgspecError, UnicodeDecodeError, KeyError, ValueError, RecursionError):
        message = _validated(LabelMessage, data)
        return Label(message.event_id, message.user_id, message.label, message.label_time, message.source)


def decode_decision(data: bytes) -> ManualDecision:
    """The decision in a record's value. Raises InvalidRecordError, naming each wrong field."""
    wire = _validated(DecisionMessage, data)
    limit = wire.limit
    return ManualDecision(
        wire.decision_id,
        wire.user_id,
        wire.action_id or "",
        wire.order_id or "",
        wire.verdict,
        wire.action or "",
        wire.expires_at,
        wire.decision_time,
        wire.decided_by,
        wire.reason,
        None if limit is None else Limit(limit.amount, limit.count, round(limit.per * 1_000)),
    )


def decode_control(data: bytes) -> ControlChange | None:
    """The change in a record's value: a control record, or the record of one that was accepted; None for the record of
    where it counts from. Raises InvalidRecordError, naming each wrong field."""
    wire = _validated(PolicyChangeMessage, data).change if _is_record(data) else _validated(ControlMessage, data)
    if wire is None:
        return None
    return ControlChange(
        wire.change_id,
        wire.kind,
        wire.name,
        wire.effective_at,
        wire.by,
        wire.reason,
        wire.text or "",
        wire.files or {},
        wire.entry or "",
        wire.member or False,
        wire.value,
    )


def _is_record(data: bytes) -> bool:
    try:
        return _record(data).record_id is not None
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return False


def decode_policy_action(data: bytes) -> PolicyActionMessage:
    """The policy action in a record's value, for who obeys it. Raises InvalidRecordError, naming each wrong field."""
    return _validated(PolicyActionMessage, data)


def _event(wire: _WireEvent | EventMessage, event_type: str, event_time: int) -> Event:
    amount = wire.amount
    return Event(
        wire.event_id,
        event_type,
        event_time,
        wire.user_id,
        wire.order_id or "",
        None if amount is None else round(amount * AMOUNT_SCALE),
        wire.currency or "",
        wire.merchant_id or "",
        wire.device_id or "",
        wire.card_id or "",
        wire.ip or "",
        wire.country or "",
        wire.category or "",
        wire.text or "",
        wire.outcome or "",
        wire.attributes or None,
    )


def _validated(model: type[M], data: bytes) -> M:
    try:
        return model.model_validate_json(data)
    except ValidationError as error:
        raise InvalidRecordError(*_explain(error)) from None


def _explain(error: ValidationError) -> tuple[str, str]:
    details = error.errors(include_url=False, include_context=False)
    if details[0]["type"] == "json_invalid":
        return "not_json", f"the value is not valid JSON: {details[0]['msg'].removeprefix('Invalid JSON: ')}"
    if details[0]["type"] == "value_error" and not details[0]["loc"]:
        return "invalid_field", details[0]["msg"].removeprefix("Value error, ")
    if not details[0]["loc"]:
        return "not_an_object", "the value must be a JSON object"
    said: dict[str, list[str]] = {}
    for detail in details:
        said.setdefault(_path(detail["loc"]), []).append(detail["msg"].removeprefix("Value error, "))
    return "invalid_field", "; ".join(f"{field}: {' or '.join(texts)}" for field, texts in list(said.items())[:5])


def _path(location: tuple[int | str, ...]) -> str:
    """The field, and the attribute's key where it is in one; what follows names branches of a union."""
    path = ".".join(str(part) for part in location[:2])[:100]
    return path if path.isprintable() else repr(path)  # an attribute's key is anybody's text, and goes to terminals


def encode_event(event: Event) -> bytes:
    """The wire form of an event; absent fields are left out."""
    fields: dict[str, Any] = {name: value for name in event.__struct_fields__ if (value := getattr(event, name))}
    fields["event_time"] = format_time(event.event_time)
    if event.amount is not None:
        fields["amount"] = event.amount / AMOUNT_SCALE
    return orjson.dumps(fields)


def encode_label(label: Label) -> bytes:
    """The wire form of a label."""
    fields = {name: getattr(label, name) for name in label.__struct_fields__}
    return orjson.dumps(fields | {"label_time": format_time(label.label_time)})


def encode_decision(decision: ManualDecision) -> bytes:
    """The wire form of a decision; absent fields are left out."""
    fields: dict[str, Any] = {name: value for name in decision.__struct_fields__ if (value := getattr(decision, name))}
    fields["decision_time"] = format_time(decision.decision_time)
    if decision.expires_at is not None:
        fields["expires_at"] = format_time(decision.expires_at)
    if decision.limit is not None:
        fields["limit"] = limit_fields(decision.limit)
    return orjson.dumps(fields)
