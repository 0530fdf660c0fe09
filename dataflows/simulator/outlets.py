"""Where a simulated shop is told to: files of lines, or a log's topics at the pace of a clock."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import BinaryIO, Final, Protocol, TypeVar

import orjson

from contracts.codec import encode_event, encode_label
from contracts.events import Label
from dataflows.connectors.base import OutputLog, OutputPartition, OutputRecord
from dataflows.connectors.kafka_output import partition_of
from dataflows.simulator.shop import Occurrence

Told = Occurrence | Label
T = TypeVar("T")

MOST_AT_ONCE: Final = 1_000
_TICK: Final = 0.02
"""Seconds between batches where they are paced."""


class Outlet(Protocol):
    """Takes what is told."""

    def tell(self, batch: Sequence[Told]) -> None:
        """What comes next."""


def paced(
    told: Iterator[T],
    rate: float | None = None,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[list[T]]:
    """Batches of at most MOST_AT_ONCE; by the clock, at most `rate` a second, or as fast as they come without one."""
    begun, given = clock(), 0
    while True:
        due = MOST_AT_ONCE if rate is None else int((clock() - begun) * rate) - given
        if due <= 0:
            sleep(_TICK)
            continue
        batch = list(islice(told, min(due, MOST_AT_ONCE)))
        if not batch:
            return
        given += len(batch)
        yield batch


class FileOutlet:
    """JSON Lines of events, of labels, and of the truth about abusive events, which no event tells; any may be None."""

    def __init__(self, events: BinaryIO | None, labels: BinaryIO | None, truth: BinaryIO | None) -> None:
        self._events = events
        self._labels = labels
        self._truth = truth

    def tell(self, batch: Sequence[Told]) -> None:
        """Writes a batch."""
        for told in batch:
            if isinstance(told, Label):
                _write(self._labels, encode_label(told))
                continue
            _write(self._events, encode_event(told.event))
            if told.scenario:
                _write(self._truth, orjson.dumps({"event_id": told.event.event_id, "scenario": told.scenario}))


def _write(file: BinaryIO | None, line: bytes) -> None:
    if file:
        file.write(line + b"\n")


class TopicOutlet:
    """A topic of events and one of labels, keyed by user, so that a user's stay in order."""

    def __init__(self, output: OutputLog, events: str, labels: str) -> None:
        """Raises UserError for a topic that does not exist."""
        self._events = [output.open(events, number) for number in range(output.partitions(events))]
        self._labels = [output.open(labels, number) for number in range(output.partitions(labels))]

    def tell(self, batch: Sequence[Told]) -> None:
        """Appends a batch. Raises DeliveryError when an earlier one is known to have failed."""
        records: defaultdict[OutputPartition, list[OutputRecord]] = defaultdict(list)
        for told in batch:
            partitions = self._labels if isinstance(told, Label) else self._events
            record = _label_record(told) if isinstance(told, Label) else _event_record(told)
            records[partitions[partition_of(record.key, len(partitions))]].append(record)
        for partition, its_records in records.items():
            partition.append(its_records)

    def flush(self) -> None:
        """Waits until everything told is durable. Raises DeliveryError if any record failed."""
        for partition in (*self._events, *self._labels):
            partition.flush()


def _event_record(told: Occurrence) -> OutputRecord:
    event = told.event
    return OutputRecord(event.event_id, event.user_id.encode(), encode_event(event), "sealwax.event", event.event_time)


def _label_record(label: Label) -> OutputRecord:
    identity = f"{label.event_id}/{label.source}"
    return OutputRecord(identity, label.user_id.encode(), encode_label(label), "sealwax.label", label.label_time)
