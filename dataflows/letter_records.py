"""The records of dead letters: what could not be taken, whole, with the reason."""

from contracts.codec import InvalidRecordError
from contracts.decisions import encode_dead_letter
from contracts.events import Position
from dataflows.connectors.base import InputRecord, OutputRecord


def check_size(record: InputRecord, most: int) -> None:
    """Raise InvalidRecordError for a record of more than so many bytes."""
    if len(record.value) > most:
        raise InvalidRecordError("too_large", f"{len(record.value)} bytes: at most {most} are allowed")


def letter_record(
    code: str, text: str, position: Position, value: bytes, key: bytes, time: int, received: int | None = None
) -> OutputRecord:
    """Why the record at `position` was not taken. It has the record's key, and `time` in epoch ms."""
    identity, letter = encode_dead_letter(code, text, position, value)
    return OutputRecord(identity, key, letter, "sealwax.dead-letter", time, received)
