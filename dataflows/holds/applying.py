"""One record of `policy-actions` to the tables, inside of a transaction."""

from base64 import b64decode, b64encode
from typing import Final, NamedTuple, TypeAlias

from contracts.codec import InvalidRecordError, decode_policy_action
from contracts.events import Position
from contracts.keys import record_id
from contracts.messages import PolicyActionMessage
from dataflows.dead_letters import DeadLetter
from dataflows.holds.database import Database
from dataflows.holds.rows import read_holds, write_hold
from operators.holds import Hold, Refusal, flaw, follow

_KNOWN: Final = (
    "SELECT 1 FROM hold_transitions WHERE action_id = ? UNION ALL SELECT 1 FROM hold_refusals WHERE letter_id = ?"
)
_KEEP: Final = "INSERT INTO hold_transitions (action_id, hold_id, number, record) VALUES (?, ?, ?, ?)"
_REFUSE: Final = (
    "INSERT INTO hold_refusals (letter_id, code, explanation, topic, topic_partition, topic_offset, bytes) "
    "VALUES (?, ?, ?, ?, ?, ?, ?)"
)
_SUBJECTS: Final = {"event": "event_id", "order": "order_id", "user": "cause"}
"""What tells one subject of a user from another."""


class Change(NamedTuple):
    """A transition that was applied."""

    before: Hold | None
    """None where the hold is new."""
    hold: Hold
    action: PolicyActionMessage


Outcome: TypeAlias = Change | Refusal | None
"""None: the record was seen before, applied or refused."""


def apply_record(database: Database, position: Position, value: bytes) -> Outcome:
    """Apply a record, or keep it as a dead letter. What was refused once stays so: a replay changes nothing."""
    encoded = b64encode(value).decode()
    letter_id, decoded = record_id(encoded), _decoded(value)
    action_id = "" if isinstance(decoded, Refusal) else decoded.action_id
    if database.read(_KNOWN, (action_id, letter_id)):
        return None
    outcome = decoded if isinstance(decoded, Refusal) else _follow(database, decoded, value)
    if isinstance(outcome, Refusal):
        place = (position.topic, position.partition, position.offset)
        database.write(_REFUSE, (letter_id, outcome.code, outcome.text, *place, encoded))
    return outcome


def reconsider(database: Database, letter: DeadLetter) -> Outcome:
    """Try a dead letter once more, and drop it unless it is refused again; None: it was applied meanwhile."""
    decoded = _decoded(letter.value)
    if isinstance(decoded, Refusal):
        return decoded
    is_known = database.read(_KNOWN, (decoded.action_id, ""))
    outcome = None if is_known else _follow(database, decoded, letter.value)
    if not isinstance(outcome, Refusal):
        database.write("DELETE FROM hold_refusals WHERE letter_id = ?", (letter.id,))
    return outcome


def read_refusals(database: Database) -> list[DeadLetter]:
    """The dead letters, in the order of the topic."""
    rows = database.read(
        "SELECT letter_id, code, explanation, topic, topic_partition, topic_offset, bytes FROM hold_refusals "
        "ORDER BY topic, topic_partition, topic_offset, letter_id"
    )
    return [
        DeadLetter(letter_id, None, code, text, Position(*place), b64decode(value))
        for letter_id, code, text, *place, value in rows
    ]


def _decoded(value: bytes) -> PolicyActionMessage | Refusal:
    try:
        action = decode_policy_action(value)
    except InvalidRecordError as error:
        return Refusal(error.code, str(error))
    return flaw(action) or action


def _follow(database: Database, action: PolicyActionMessage, value: bytes) -> Change | Refusal:
    present = _present(database, action)
    hold = follow(present, action)
    if isinstance(hold, Refusal):
        return hold
    write_hold(database, hold)
    database.write(_KEEP, (action.action_id, hold.hold_id, hold.transitions, value.decode()))
    return Change(present, hold, action)


def _present(database: Database, action: PolicyActionMessage) -> Hold | None:
    if action.opening is not None:
        found = read_holds(database, "hold_id = ?", action.opening)
    else:
        column = _SUBJECTS[action.subject]
        where = f"phase = 'pending' AND user_id = ? AND subject = ? AND {column} = ?"
        found = read_holds(database, where, action.user_id, action.subject, getattr(action, column) or "")
    return found[0] if found else None
