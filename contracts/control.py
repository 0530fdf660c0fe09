"""What the flow decides by, as it changes while it runs: policies, entries of lists, thresholds.

A change counts from an event time on (`effective_at`): in each input partition, from the first event on at which the
partition has come so far. So where it counts from is a fact of the log.
"""

from typing import Any

import msgspec
import orjson

from contracts.events import Position
from contracts.keys import record_id
from contracts.messages import ChangeKind
from contracts.times import format_time


class ControlChange(msgspec.Struct, array_like=True, gc=False, frozen=True):
    """A change, as `messages.ControlMessage` describes it. Empty text: an absent field."""

    change_id: str
    kind: ChangeKind
    name: str
    effective_at: int
    """Epoch milliseconds."""
    by: str
    reason: str
    text: str = ""
    files: dict[str, str] = {}
    entry: str = ""
    member: bool = False
    value: float | None = None


class EffectiveFrom(msgspec.Struct, array_like=True, gc=False, frozen=True):
    """From where in an input partition on changes count."""

    changes: tuple[str, ...]
    at: int
    """The event time (epoch ms) that the partition had reached there."""
    input: Position
    policy: str
    """The version in force from there on."""


def control_key(change: ControlChange) -> bytes:
    """The key that the compacted topic keeps the latest record of."""
    parts = [change.kind, change.name, change.entry] if change.kind == "list" else [change.kind, change.name]
    return "/".join(parts).encode()


def encode_control(change: ControlChange) -> bytes:
    """The wire form of a change; absent fields are left out."""
    return orjson.dumps(_fields(change))


def encode_accepted(change: ControlChange, position: Position) -> tuple[str, bytes]:
    """The id and wire form of the record that a change, at its position in the control topic, was accepted."""
    identity = record_id("accepted", change.change_id, position.topic, str(position.partition), str(position.offset))
    return identity, _record(identity, "accepted", (change.change_id,), change.effective_at, position, None, change)


def encode_effective(effective: EffectiveFrom) -> tuple[str, bytes]:
    """The id and wire form of the record of where changes count from."""
    at = effective.input
    identity = record_id("effective", at.topic, str(at.partition), str(at.offset), effective.changes[0])
    return identity, _record(identity, "effective", effective.changes, effective.at, at, effective.policy, None)


def _record(
    identity: str, status: str, changes: tuple[str, ...], at: int, position: Position, policy: str | None,
    change: ControlChange | None,
) -> bytes:  # fmt: skip
    fields = {
        "record_id": identity,
        "status": status,
        "changes": changes,
        "at": format_time(at),
        "input": {"topic": position.topic, "partition": position.partition, "offset": position.offset},
        "policy": policy,
        "change": None if change is None else _fields(change),
    }
    return orjson.dumps(fields)


def _fields(change: ControlChange) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "change_id": change.change_id,
        "kind": change.kind,
        "name": change.name,
        "effective_at": format_time(change.effective_at),
        "by": change.by,
        "reason": change.reason,
    }
    match change.kind:
        case "policy":
            optional = {"text": change.text, "files": change.files}
            fields |= {name: value for name, value in optional.items() if value}
        case "list":
            fields |= {"entry": change.entry, "member": change.member}
        case "threshold":
            fields["value"] = change.value
    return fields
