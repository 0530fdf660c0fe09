"""Dead letters read back, and their records sent again."""

from base64 import b64decode
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from pydantic import ValidationError

from contracts.codec import InvalidRecordError
from contracts.events import Position
from contracts.messages import DeadLetterMessage
from contracts.problems import first_problem
from dataflows.connectors.base import InputRecord, OutputLog, OutputRecord
from dataflows.errors import UserError
from dataflows.sending import TopicSender, event_record, record_makers
from dataflows.settings import Settings
from dataflows.to_end import records_to_end


class DeadLetter(NamedTuple):
    """A record that could not become an event or a label, and why."""

    id: str
    written: int | None
    """When the letter was written, epoch ms; None where its log keeps no times."""
    code: str
    text: str
    position: Position
    value: bytes


def read_dead_letters(source: str, settings: Settings) -> Iterator[DeadLetter]:
    """Every dead letter at `source` (a cluster, a directory or a file), by partition. Raises UserError."""
    records = records_to_end(source, settings.topics.dead_letters, settings.kafka.client())
    return (_letter(place, record) for place, record in records)


def _letter(place: str, record: InputRecord) -> DeadLetter:
    try:
        message = DeadLetterMessage.model_validate_json(record.value)
        value = b64decode(message.bytes, validate=True)
    except ValueError as error:
        said = first_problem(error) if isinstance(error, ValidationError) else f"bytes: {error}"
        raise UserError(f"{place}: not a dead letter: {said}") from None
    position = Position(message.input.topic, message.input.partition, message.input.offset)
    return DeadLetter(message.letter_id, record.timestamp, message.reason.code, message.reason.text, position, value)


class Candidate(NamedTuple):
    """A record that may be sent again."""

    topic: str
    partition: int | None
    """Where it lay before; None: by its key."""
    value: bytes


def from_letters(letters: Iterable[DeadLetter]) -> list[Candidate]:
    """The letters' records, unchanged."""
    return [Candidate(one.position.topic, one.position.partition, one.value) for one in letters]


def from_lines(lines: Iterable[bytes], topic: str) -> list[Candidate]:
    """Records of `topic`, one a line; empty lines are none."""
    return [Candidate(topic, None, line) for line in lines if line.strip()]


class Sorted(NamedTuple):
    """Candidates, told apart by what the flow would say of them now."""

    valid: list[tuple[Candidate, OutputRecord]]
    invalid: Counter[str]
    """By reason."""


def sort_out(candidates: Iterable[Candidate], settings: Settings) -> Sorted:
    """Try each candidate as the flow would."""
    valid, invalid = [], Counter[str]()
    for candidate in candidates:
        try:
            valid.append((candidate, _record(candidate, settings)))
        except InvalidRecordError as error:
            invalid[f"{error.code}: {error}"] += 1
    return Sorted(valid, invalid)


def _record(candidate: Candidate, settings: Settings) -> OutputRecord:
    size, limit = len(candidate.value), settings.source.max_record_bytes
    if size > limit:
        raise InvalidRecordError("too_large", f"{size:,} bytes, and source.max_record_bytes is {limit:,}")
    return record_makers(settings.topics).get(candidate.topic, event_record)(candidate.value)


def send(records: Iterable[tuple[Candidate, OutputRecord]], log: OutputLog) -> None:
    """Write records to their topics, each to the partition that it lay in, and wait until all are durable.

    Raises UserError where a topic is missing, DeliveryError where a record can't be written.
    """
    senders: dict[str, TopicSender] = {}
    for candidate, record in records:
        if candidate.topic not in senders:
            senders[candidate.topic] = TopicSender(log, candidate.topic)
        senders[candidate.topic].send(record, candidate.partition)
    for sender in senders.values():
        sender.flush()
