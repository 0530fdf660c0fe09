"""A whole log of events or labels, decoded, for work that has an end."""

import heapq
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import TypeVar

from contracts.codec import InvalidRecordError, decode_event, decode_label
from contracts.events import Event, Label
from dataflows.connectors.base import InputPartition, ReadRange
from dataflows.connectors.kafka_settings import KafkaSettings
from dataflows.connectors.urls import open_input
from dataflows.to_end import read_to_end

T = TypeVar("T")
OnBad = Callable[[str], None]
"""Told of each record that could not be decoded: where it lies, and what is wrong."""


def read_events(url: str, topic: str, kafka: KafkaSettings, on_bad: OnBad) -> Iterator[Event]:
    """Every event that is there now, each partition in its order and all together by event time."""
    return _read(url, topic, kafka, decode_event, lambda event: event.event_time, on_bad)


def read_labels(url: str, topic: str, kafka: KafkaSettings, on_bad: OnBad) -> Iterator[Label]:
    """Every label that is there now, each partition in its order and all together by label time."""
    return _read(url, topic, kafka, decode_label, lambda label: label.label_time, on_bad)


def count_records(url: str, topic: str, kafka: KafkaSettings) -> int:
    """How many records are there now, roughly: a topic may have lost some within."""
    ends = []
    for start in (ReadRange("earliest"), ReadRange("latest")):
        with closing(open_input({topic: url}, start, kafka)) as log:
            ends.append(sum(log.open(name, number).position for name, number in log.partitions()))
    return ends[1] - ends[0]


def _read(
    url: str,
    topic: str,
    kafka: KafkaSettings,
    decode: Callable[[bytes], T],
    time_of: Callable[[T], int],
    on_bad: OnBad,
) -> Iterator[T]:
    with closing(open_input({topic: url}, ReadRange(stop_at_end=True), kafka)) as log:
        partitions = [
            _decoded(log.open(name, number), f"{url}, partition {number}", decode, on_bad)
            for name, number in log.partitions()
        ]
        yield from heapq.merge(*partitions, key=time_of)


def _decoded(source: InputPartition, place: str, decode: Callable[[bytes], T], on_bad: OnBad) -> Iterator[T]:
    for records in read_to_end(source):
        for record in records:
            try:
                yield decode(record.value)
            except InvalidRecordError as error:
                on_bad(f"{place}, offset {record.offset}: {error}")
