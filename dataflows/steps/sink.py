"""sink: the partitions of all output topics, each record written once."""

import time

from bytewax.outputs import FixedPartitionedSink, StatefulSinkPartition

from dataflows import metrics
from dataflows.connectors.base import OutputLog
from dataflows.delivery import SuppressingWriter, WriterState
from dataflows.steps.emit import RecordPack


class _Partition(StatefulSinkPartition[RecordPack, WriterState]):
    def __init__(self, name: str, writer: SuppressingWriter) -> None:
        self._name = name
        self._writer = writer

    def write_batch(self, values: list[RecordPack]) -> None:
        with metrics.timed("sink"):
            for pack in values:
                self._writer.write(pack.records)

    def snapshot(self) -> WriterState:
        metrics.count_suppressed(self._name, self._writer.suppressed)
        with metrics.timed("flush"):
            return self._writer.snapshot()

    def close(self) -> None:
        self._writer.close()


class RecordSink(FixedPartitionedSink[RecordPack, WriterState]):
    """`origins` gives, by partition name, the end that each partition had when the state directory was new."""

    def __init__(self, log: OutputLog, partitions: dict[str, int], origins: dict[str, int], quiet: float) -> None:
        self._log = log
        self._places = {
            f"{topic}-{number}": (topic, number) for topic, count in partitions.items() for number in range(count)
        }
        self._order = {name: index for index, name in enumerate(sorted(self._places))}
        self._origins = origins
        self._quiet = quiet
        # The engine opens a partition when its first record comes: each would wait for quiet anew.
        waited_for = self._places if quiet else {}
        self._seen = {name: (log.end(*place), time.monotonic()) for name, place in waited_for.items()}

    def list_parts(self) -> list[str]:
        return list(self._order)

    def part_fn(self, item_key: str) -> int:
        return self._order[item_key]

    def build_part(self, step_id: str, for_part: str, resume_state: WriterState | None) -> _Partition:
        partition = self._log.open(*self._places[for_part])
        origin, seen = self._origins.get(for_part, 0), self._seen.get(for_part)
        writer = SuppressingWriter(partition, resume_state, origin, quiet=self._quiet, seen=seen)
        return _Partition(for_part, writer)
