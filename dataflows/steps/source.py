"""source: the partitions of events, labels and decisions, read in step, and that of changes of the policy."""

import time
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

from bytewax.inputs import FixedPartitionedSource, StatefulSourcePartition

from contracts.events import Position
from dataflows import metrics
from dataflows.connectors.base import InputLog, InputPartition
from dataflows.control_journal import ControlJournal
from dataflows.control_reading import ControlReader
from dataflows.drain import draining
from dataflows.guard import Guard
from dataflows.progress import Reporter
from dataflows.reading import Frontiers, Kind, PartitionReader, ReadingRules, SourceBatch
from operators.settling import UNKNOWN

SourceState = tuple[int, int]
"""The next offset, and the greatest event time given so far."""

_PAUSE = timedelta(milliseconds=5)
"""How long an input that had nothing is left alone."""


class _Partition(StatefulSourcePartition[SourceBatch, SourceState]):
    def __init__(
        self, reader: PartitionReader | ControlReader, source: InputPartition, guard: Guard, progress: Reporter
    ) -> None:
        self._reader = reader
        self._source = source
        self._guard = guard
        self._progress = progress
        self._awake: datetime | None = None

    def next_batch(self) -> Iterable[SourceBatch]:
        if draining.is_set() or self._reader.finished:
            raise StopIteration
        self._guard.check()
        batch = self._reader.next_batch()
        if not batch:
            self._awake = datetime.now(UTC) + _PAUSE
            return ()
        self._awake = None
        self._guard.watch(batch)
        self._progress.watch(batch, self._source.lag)
        metrics.count_source(batch)
        if isinstance(self._reader, ControlReader):
            metrics.count_changes(batch)
        return (batch,)

    def next_awake(self) -> datetime | None:
        return self._awake

    def snapshot(self) -> SourceState:
        return self._reader.state


class EventSource(FixedPartitionedSource[SourceBatch, SourceState]):
    """All partitions of the topics; `kinds` tells what each topic holds, none of it that of `control`."""

    def __init__(
        self,
        log: InputLog,
        kinds: Mapping[str, Kind],
        control: str,
        journal: ControlJournal,
        rules: ReadingRules,
        frontiers: Frontiers,
        guard: Guard,
        progress: Reporter,
    ) -> None:
        self._log = log
        self._kinds = kinds
        self._control = control
        self._journal = journal
        self._rules = rules
        self._frontiers = frontiers
        self._guard = guard
        self._progress = progress
        self._places = {f"{topic}-{number}": (topic, number) for topic, number in log.partitions()}

    @property
    def inputs(self) -> int:
        """How many partitions there are."""
        return len(self._places)

    def list_parts(self) -> list[str]:
        return list(self._places)

    def build_part(self, step_id: str, for_part: str, resume_state: SourceState | None) -> _Partition:
        topic, partition = self._places[for_part]
        offset, latest = resume_state or (None, UNKNOWN)
        source = self._log.open(topic, partition, offset)
        place, number = Position(topic, partition, 0), list(self._places).index(for_part)
        reader = (
            ControlReader(source, place, number, self._rules, self._frontiers, self._journal)
            if topic == self._control
            else PartitionReader(
                source, place, number, self._kinds[topic], self._rules, self._frontiers, time.monotonic, latest,
                self._journal,
            )
        )  # fmt: skip
        metrics.watch_lag(for_part, lambda: source.lag)
        return _Partition(reader, source, self._guard, self._progress)
