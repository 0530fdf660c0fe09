"""What has changed in a flow's policy, read from its records."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from pydantic import ValidationError

from contracts.codec import decode_control
from contracts.control import ControlChange
from contracts.messages import PolicyChangeMessage
from contracts.problems import first_problem
from dataflows.errors import UserError
from dataflows.settings import Settings
from dataflows.to_end import records_to_end


@dataclass
class Entry:
    """A change that was accepted."""

    change: ControlChange
    positions: dict[str, int] = field(default_factory=dict)
    """By the name of the input partition: the first offset that it counts for. Others have not come so far."""


def read_history(source: str, settings: Settings) -> list[Entry]:
    """All changes by the time from which on they count, those of one time as they were accepted. Raises UserError."""
    entries: dict[str, Entry] = {}
    told: list[PolicyChangeMessage] = []
    for place, record in records_to_end(source, settings.topics.policy_changes, settings.kafka.client()):
        try:
            message = PolicyChangeMessage.model_validate_json(record.value)
        except ValidationError as error:
            raise UserError(f"{place}: not the record of a change: {first_problem(error)}") from None
        if message.status == "effective":
            told.append(message)
        elif (change := decode_control(record.value)) is not None:
            entries[change.change_id] = Entry(change)
    _note_positions(entries, told)
    return sorted(entries.values(), key=lambda entry: entry.change.effective_at)


def _note_positions(entries: dict[str, Entry], told: Iterable[PolicyChangeMessage]) -> None:
    for message in told:
        for identity in message.changes:
            if identity in entries:
                where = f"{message.input.topic}-{message.input.partition}"
                entries[identity].positions[where] = message.input.offset
