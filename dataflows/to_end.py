"""All that a topic holds now, for work that has an end."""

import time
from collections.abc import Iterator
from contextlib import closing
from typing import Final

from dataflows.connectors.base import InputPartition, InputRecord, ReadRange
from dataflows.connectors.kafka_settings import KafkaSettings
from dataflows.connectors.urls import open_input

_AT_ONCE: Final = 1_000
_PAUSE: Final = 0.005
"""Seconds to wait where nothing has arrived yet."""


def read_to_end(partition: InputPartition) -> Iterator[list[InputRecord]]:
    """The records of a partition that has an end, some at a time; waits where they have yet to arrive."""
    while not partition.exhausted:
        if records := partition.read(_AT_ONCE):
            yield records
        else:
            time.sleep(_PAUSE)


def records_to_end(url: str, topic: str, kafka: KafkaSettings) -> Iterator[tuple[str, InputRecord]]:
    """The records at a URL (a cluster, a directory or a file), one partition after the other, each with its place.

    Raises UserError for a URL that names nothing readable.
    """
    with closing(open_input({topic: url}, ReadRange(stop_at_end=True), kafka)) as log:
        for name, number in log.partitions():
            with closing(log.open(name, number)) as partition:
                for records in read_to_end(partition):
                    yield from ((f"{url}: {name}-{number}, offset {record.offset}", record) for record in records)
