"""What the flow decides, as it holds it: slim and cheap. The encoders give the wire form, as `messages` defines it.

Ids are deterministic: a repeated decision is the same record, which the sink knows by its id and doesn't write again.
"""

from base64 import b64encode
from typing import Any, Final

import msgspec
import orjson

from contracts.events import Limit, Position
from contracts.keys import record_id
from contracts.times import format_time

DECIMALS: Final = 6
"""Scores and risks are rounded so before anything uses them: what is decided is what is written."""


class Reason(msgspec.Struct, array_like=True, gc=False, frozen=True):
    """Why: a stable code for machines, a sentence for people."""

    code: str
    text: str


class Versions(msgspec.Struct, array_like=True, gc=False, frozen=True):
    """What decided."""

    model: str
    policy: str
    features: str


class RiskUpdate(msgspec.Struct, array_like=True, gc=False):
    """The risk of one event, and of its user after it."""

    event_id: str
    event_type: str
    user_id: str
    event_time: int
    """Epoch milliseconds."""
    score: float
    user_risk: float
    level: str
    reasons: tuple[Reason, ...]
    late: bool
    degraded: bool
    versions: Versions
    input: Position
    features: dict[str, float] | None = None
    """By name, NaN where unknown; None leaves them out of the wire form."""
    capped: tuple[str, ...] = ()
    """The features that rest on more events of an entity than are kept one by one."""


class PolicyAction(msgspec.Struct, array_like=True, gc=False):
    """A transition in the life of an action. Times are epoch milliseconds."""

    action: str
    status: str
    follows: str | None
    """The id of the transition that this one follows, None for an opening."""
    cause: str
    user_id: str
    order_id: str
    """Empty where the event names no order."""
    event_id: str
    event_time: int
    effective_at: int
    expires_at: int | None
    reasons: tuple[Reason, ...]
    versions: Versions
    input: Position
    by: str = "rule"
    """What made the transition: rule, label, decision or expiry."""
    opening: str | None = None
    """The id of the opening that this life began with, None for an opening."""
    limit: Limit | None = None
    """Of the action limit alone."""
    subject: str = "order"
    """What the action is on: event, order or user."""


class UserRiskChange(msgspec.Struct, array_like=True, gc=False):
    """A user's risk from a moment on. It fades by half with every half-life that follows."""

    user_id: str
    user_risk: float
    level: str
    at: int
    """Epoch milliseconds."""
    half_life: int
    """Milliseconds."""
    event_id: str
    """Of the event whose score moved the risk; empty where it only faded, down to another level."""
    versions: Versions
    input: Position | None
    """The event's; None without one."""


def update_id(user_id: str, event_id: str) -> str:
    """The id of the one risk update of an event."""
    return record_id(user_id, event_id)


def action_id(action: PolicyAction) -> str:
    """The id of a transition: the same event, cause and predecessor give the same."""
    return record_id(action.user_id, action.event_id, action.action, action.status, action.cause, action.follows or "")


def change_id(change: UserRiskChange) -> str:
    """The id of a change of a user's risk."""
    return record_id(change.user_id, change.event_id, str(change.at), change.level)


def letter_id(position: Position) -> str:
    """The id of the one dead letter of an input record."""
    return record_id(position.topic, str(position.partition), str(position.offset))


def encode_risk_update(update: RiskUpdate) -> tuple[str, bytes]:
    """The update's id and wire form."""
    identity = update_id(update.user_id, update.event_id)
    fields = {
        "update_id": identity,
        "event_id": update.event_id,
        "event_type": update.event_type,
        "user_id": update.user_id,
        "event_time": format_time(update.event_time),
        "score": round(update.score, DECIMALS),
        "user_risk": round(update.user_risk, DECIMALS),
        "level": update.level,
        "reasons": _reasons(update.reasons),
        "late": update.late,
        "degraded": update.degraded,
        "versions": _versions(update.versions),
        "input": _position(update.input),
    }
    if update.capped:
        fields["capped"] = update.capped
    if update.features is not None:
        fields["features"] = update.features  # orjson writes NaN as null
    return identity, orjson.dumps(fields)


def encode_policy_action(action: PolicyAction) -> tuple[str, bytes]:
    """The action's id and wire form."""
    identity = action_id(action)
    fields = {
        "action_id": identity,
        "action": action.action,
        "status": action.status,
        "follows": action.follows,
        "cause": action.cause,
        "user_id": action.user_id,
        "order_id": action.order_id or None,
        "event_id": action.event_id,
        "event_time": format_time(action.event_time),
        "effective_at": format_time(action.effective_at),
        "expires_at": None if action.expires_at is None else format_time(action.expires_at),
        "reasons": _reasons(action.reasons),
        "versions": _versions(action.versions),
        "input": _position(action.input),
        "by": action.by,
        "opening": action.opening,
        "limit": None if action.limit is None else limit_fields(action.limit),
        "subject": action.subject,
    }
    return identity, orjson.dumps(fields)


def limit_fields(limit: Limit) -> dict[str, float | None]:
    """The wire form of a limit."""
    return {"amount": limit.amount, "count": limit.count, "per": limit.per / 1_000}


def encode_user_risk(change: UserRiskChange) -> tuple[str, bytes]:
    """The id and wire form of a change of a user's risk."""
    identity = change_id(change)
    fields = {
        "risk_id": identity,
        "user_id": change.user_id,
        "user_risk": round(change.user_risk, DECIMALS),
        "level": change.level,
        "at": format_time(change.at),
        "half_life": change.half_life / 1_000,
        "event_id": change.event_id or None,
        "versions": _versions(change.versions),
        "input": None if change.input is None else _position(change.input),
    }
    return identity, orjson.dumps(fields)


def encode_dead_letter(reason_code: str, reason_text: str, position: Position, value: bytes) -> tuple[str, bytes]:
    """The id and wire form of a dead letter: the record's value, whole, and what is wrong with it."""
    identity = letter_id(position)
    fields = {
        "letter_id": identity,
        "reason": {"code": reason_code, "text": reason_text},
        "input": _position(position),
        "bytes": b64encode(value).decode("ascii"),
    }
    return identity, orjson.dumps(fields)


def _reasons(reasons: tuple[Reason, ...]) -> list[dict[str, str]]:
    return [{"code": reason.code, "text": reason.text} for reason in reasons]


def _versions(versions: Versions) -> dict[str, str]:
    return {"model": versions.model, "policy": versions.policy, "features": versions.features}


def _position(position: Position) -> dict[str, Any]:
    return {"topic": position.topic, "partition": position.partition, "offset": position.offset}
