"""What tests are made of, as the flow has it: events, labels, decisions and features."""

from collections.abc import Mapping, Sequence
from math import nan
from typing import Any, Final

import orjson

from contracts.codec import InvalidRecordError, decode_decision, decode_event
from contracts.decisions import PolicyAction, action_id, limit_fields
from contracts.events import Event, Label, ManualDecision
from contracts.times import format_time, parse_time
from dataflows.errors import UserError
from dataflows.policy_testing.definition import DecisionStep, LabelStep
from operators.unknown_names import instead_of

BEGIN: Final = parse_time("2026-01-01T00:00:00Z")
"""When every case and story begins."""

_DEFAULTS: Final = {"event_id": "e1", "user_id": "user"}


def event_of(place: str, time: int, *given: Mapping[str, Any]) -> Event:
    """An event with fields that are given, the later ones winning. Raises UserError, naming the place and the field."""
    if any("event_time" in one for one in given):
        raise UserError(f"{place}: event: event_time: leave it out: time begins with the test, and goes on with `at`")
    fields: dict[str, Any] = _DEFAULTS | {key: value for one in given for key, value in one.items()}
    try:
        return decode_event(orjson.dumps(fields | {"event_time": format_time(time)}))
    except InvalidRecordError as error:
        raise UserError(f"{place}: event: {error}") from None


def vector_of(place: str, given: Mapping[str, float], names: Sequence[str]) -> tuple[float, ...]:
    """Features in the order of their names. Raises UserError for one that isn't known."""
    for name in given:
        if name not in names:
            raise UserError(f"{place}: features: unknown feature {name!r}; {instead_of(name, names)}")
    return tuple(given.get(name, nan) for name in names)


def label_of(step: LabelStep, user_id: str, time: int) -> Label:
    """What becomes known at a time."""
    return Label(step.event_id, user_id, step.label, time, "test")


def decision_of(
    place: str, step: DecisionStep, user_id: str, time: int, number: int, taken: Sequence[PolicyAction]
) -> ManualDecision:
    """What people decide at a time, after what was taken. Raises UserError."""
    fields: dict[str, Any] = {
        "decision_id": f"d{number}",
        "user_id": user_id,
        "order_id": step.order_id,
        "action_id": None if step.event_id is None else _action_on(place, step.event_id, taken),
        "verdict": step.verdict,
        "action": step.action,
        "expires_at": None if step.expires is None else format_time(time + step.expires),
        "limit": None if step.limit is None else limit_fields(step.limit.limit()),
        "decision_time": format_time(time),
        "decided_by": "test",
        "reason": "Decided in a test.",
    }
    try:
        return decode_decision(orjson.dumps(fields))
    except InvalidRecordError as error:
        raise UserError(f"{place}: decision: {error}") from None


def _action_on(place: str, event_id: str, taken: Sequence[PolicyAction]) -> str:
    for action in reversed(taken):
        if action.event_id == event_id:
            return action_id(action)
    raise UserError(f"{place}: decision: event_id: no action was taken on an event {event_id!r} so far")
