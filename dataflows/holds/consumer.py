"""Reads `policy-actions` into a table of holds. A position is kept with what was read up to it, in one transaction."""

import threading
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

from dataflows.connectors.base import DataLostError, InputLog, ReadRange
from dataflows.connectors.kafka_settings import KafkaSettings
from dataflows.connectors.urls import open_input
from dataflows.holds.table import HoldTable, OnChange, Place, Totals

_AT_ONCE: Final = 500
"""Records applied in one transaction at most."""
_PAUSE: Final = 0.02
"""Seconds between two looks at a topic that has nothing new."""
_REMEDY: Final = (
    "`sealwax holds run --from-start` begins anew with what is there, and what was applied before isn't applied again"
)

Progress = Callable[[Totals, int], object]
"""Told after each transaction: what became of its records, and how many records are still to be read."""


def consume(
    table: HoldTable,
    source: str,
    *,
    on_change: OnChange | None = None,
    topic: str = "policy-actions",
    kafka: KafkaSettings | None = None,
    stop_at_end: bool = False,
    stop: threading.Event | None = None,
    progress: Progress | None = None,
) -> Totals:
    """Apply a topic's transitions to `table`, each once in effect, until `stop` is set or all is read.

    `source` is kafka://host:port, a file or a directory; only a cluster without `stop_at_end` has no end. `on_change`
    is called for each change with the driver's connection: what it writes there is committed with the change, or not at
    all. `kafka` are librdkafka's settings.

    Raises UserError where the source can't be read, DataLostError where it no longer has what comes next, InputError
    and UnavailableError where another call may go on: it begins where this one has committed.
    """
    stop = stop or threading.Event()
    totals = Totals()

    def tell(batch: Totals, lag: int) -> None:
        nonlocal totals
        totals += batch
        if progress:
            progress(batch, lag)

    is_over = False
    while not (is_over or stop.is_set()):
        with closing(open_input({topic: source}, ReadRange(stop_at_end=stop_at_end), kafka or {})) as log:
            readers = [_Reader(table, log, Place(place_of(source), *partition)) for partition in log.partitions()]
            is_over = _read(readers, log, stop, on_change, tell)
    return totals


def place_of(source: str) -> str:
    """How the tables call a source: a file by its whole path."""
    return source.rstrip("/") if source.startswith("kafka://") else str(Path(source).resolve())


class _Reader:
    """A partition, read on from where the table is."""

    def __init__(self, table: HoldTable, log: InputLog, place: Place) -> None:
        self._table = table
        self._place = place
        self._stored = table.position(place)
        try:
            self.partition = log.open(place.topic, place.partition, self._stored)
        except DataLostError as error:
            raise DataLostError(f"{error}. {_REMEDY}") from None

    def step(self, on_change: OnChange | None) -> Totals | None:
        """Apply what is there, if anything is."""
        records = self.partition.read(_AT_ONCE)
        if not records:
            return None
        position = self.partition.position
        totals = self._table.apply(self._place, self._stored, records, position, on_change)
        self._stored = position
        return totals


def _read(
    readers: Sequence[_Reader], log: InputLog, stop: threading.Event, on_change: OnChange | None, tell: Progress
) -> bool:
    """Read until the end, which is True, or until `stop` is set or the topic has more partitions, which is False."""
    while not (stop.is_set() or log.grown()):
        if all(reader.partition.exhausted for reader in readers):
            return True
        is_idle = True
        for reader in readers:
            if batch := reader.step(on_change):
                is_idle = False
                tell(batch, sum(one.partition.lag or 0 for one in readers))
        if is_idle:
            stop.wait(_PAUSE)
    return False
