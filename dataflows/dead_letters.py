"""Dead letters read back, and their records sent again."""

import time
from base64 import b64decode
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing
from typing import Final, NamedTuple

from pydantic import ValidationError

from contracts.codec import InvalidRecordError, decode_event, decode_label
from contracts.events import Position
from contracts.keys import record_id
from contracts.messages import DeadLetterMessage
from dataflows.connectors.base import InputLog, InputRecord, OutputLog, OutputRecord, ReadRange
from dataflows.connectors.kafka_output import partition_of
from dataflows.connectors.urls import open_input
from dataflows.errors import UserError
from dataflows.settings import Settings

_AT_ONCE: Final = 1_000
_PAUSE: Final = 0.005
"""Seconds to wait where nothing has arrived yet."""


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
    topic = settings.topics.dead_letters
    with closing(open_input({topic: source}, ReadRange(stop_at_end=True), settings.kafka.client())) as log:
        for number, record in _records(log):
            yield _letter(f"{source}: {topic}-{number}, offset {record.offset}", record)


def _records(log: InputLog) -> Iterator[tuple[int, InputRecord]]:
    for topic, number in log.partitions():
        with closing(log.open(topic, number)) as partition:
            while not partition.exhausted:
                records = partition.read(_AT_ONCE)
                yield from ((number, record) for record in records)
                if not records:
                    time.sleep(_PAUSE)


def _letter(where: str, record: InputRecord) -> DeadLetter:
    try:
        message = DeadLetterMessage.model_validate_json(record.value)
        value = b64decode(message.bytes, validate=True)
    except (ValidationError, ValueError) as error:
        raise UserError(f"{where}: not a dead letter: {str(error).splitlines()[0]}") from None
    place = message.input
    position = Position(place.topic, place.partition, place.offset)
    return DeadLetter(message.letter_id, record.timestamp, message.reason.code, message.reason.text, position, value)


class Candidate(NamedTuple):
    """A record that may be sent again."""

    id: str
    topic: str
    partition: int | None
    """Where it lay before; None: by its key."""
    value: bytes


def from_letters(letters: Iterable[DeadLetter]) -> list[Candidate]:
    """The letters' records, unchanged."""
    return [Candidate(one.id, one.position.topic, one.position.partition, one.value) for one in letters]


def from_lines(lines: Iterable[bytes], topic: str) -> list[Candidate]:
    """Records of `topic`, one a line; empty lines are none."""
    return [Candidate(record_id(topic, line.hex()), topic, None, line) for line in lines if line.strip()]


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
    value = candidate.value
    if len(value) > settings.source.max_record_bytes:
        limit = settings.source.max_record_bytes
        raise InvalidRecordError("too_large", f"more than {limit:,} bytes: see source.max_record_bytes")
    if candidate.topic == settings.topics.labels:
        label = decode_label(value)
        return OutputRecord(candidate.id, label.user_id.encode(), value, "sealwax.label", label.label_time)
    event = decode_event(value)
    return OutputRecord(candidate.id, event.user_id.encode(), value, "sealwax.event", event.event_time)


def send(records: Iterable[tuple[Candidate, OutputRecord]], log: OutputLog) -> None:
    """Write records to their topics, each to the partition that it lay in, and wait until all are durable.

    Raises UserError where a topic is missing, DeliveryError where a record can't be written.
    """
    by_place: dict[tuple[str, int], list[OutputRecord]] = {}
    counts: dict[str, int] = {}
    for candidate, record in records:
        count = counts.get(candidate.topic) or counts.setdefault(candidate.topic, log.partitions(candidate.topic))
        partition = candidate.partition
        if partition is None or partition >= count:
            partition = partition_of(record.key, count)
        by_place.setdefault((candidate.topic, partition), []).append(record)
    for (topic, partition), batch in by_place.items():
        with closing(log.open(topic, partition)) as output:
            output.append(batch)
            output.flush()
