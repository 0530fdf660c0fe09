"""A log in memory, to test a flow without files or a broker."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from dataflows.connectors.base import (
    AtOffsets,
    AtTime,
    DataLostError,
    InputRecord,
    OutputRecord,
    ReadRange,
    TopicPartition,
)
from dataflows.errors import UserError


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """A record in memory: its place, what it holds, and the id it was written under (empty for an input)."""

    offset: int
    timestamp: int | None
    key: bytes | None
    value: bytes
    id: str = ""


class MemoryLog:
    """Topics in memory; several inputs and outputs may share one."""

    def __init__(self, topics: Mapping[str, int]) -> None:
        """`topics` gives each topic's number of partitions."""
        self._records: dict[TopicPartition, list[StoredRecord]] = {}
        for topic, count in topics.items():
            self.add_partitions(topic, count)

    def add_partitions(self, topic: str, count: int) -> None:
        """Let a topic have `count` partitions, existing ones included."""
        for partition in range(count):
            self._records.setdefault((topic, partition), [])

    def append(
        self,
        topic: str,
        partition: int,
        value: bytes,
        *,
        key: bytes | None = None,
        timestamp: int | None = None,
        id: str = "",
    ) -> int:
        """Add a record at a partition's end; its offset."""
        records = self.records(topic, partition)
        records.append(StoredRecord(len(records), timestamp, key, value, id))
        return len(records) - 1

    def records(self, topic: str, partition: int) -> list[StoredRecord]:
        """A partition's records, each at the index of its offset."""
        try:
            return self._records[topic, partition]
        except KeyError:
            raise UserError(f"the log in memory has no partition {partition} of topic {topic!r}") from None

    def partitions(self, topic: str) -> int:
        """How many partitions a topic has."""
        count = sum(name == topic for name, _ in self._records)
        if not count:
            raise UserError(f"the log in memory has no topic {topic!r}")
        return count


class MemoryInput:
    """An InputLog over a MemoryLog."""

    errors = 0
    last_error = ""

    def __init__(self, log: MemoryLog, topics: Sequence[str], read_range: ReadRange | None = None) -> None:
        self._log = log
        self._topics = topics
        self._range = read_range or ReadRange()
        self._at_first = self.partitions()

    def partitions(self) -> list[TopicPartition]:
        return sorted((topic, number) for topic in self._topics for number in range(self._log.partitions(topic)))

    def open(self, topic: str, partition: int, position: int | None = None) -> "MemoryInputPartition":
        records = self._log.records(topic, partition)
        where = (topic, partition)
        if position is None:
            position = self._start(where, records)
        if not 0 <= position <= len(records):
            raise DataLostError(
                f"cannot read {topic}-{partition} from offset {position}: the log in memory ends at {len(records)}"
            )
        return MemoryInputPartition(records, position, self._end(where, records))

    def _start(self, where: TopicPartition, records: list[StoredRecord]) -> int:
        match self._range.start:
            case "earliest":
                return 0
            case "latest":
                return len(records)
            case AtTime(time):
                return _first_at(records, time)
            case AtOffsets(offsets):
                return offsets.get(where, 0)

    def _end(self, where: TopicPartition, records: list[StoredRecord]) -> int | AtTime | None:
        stop = len(records) if self._range.stop_at_end else None
        match self._range.end:
            case AtOffsets(offsets) if where in offsets:
                return offsets[where] if stop is None else min(offsets[where], stop)
            case AtTime(time):
                found = _first_at(records, time)
                return found if found < len(records) or stop is not None else AtTime(time)
            case _:
                return stop

    def grown(self) -> bool:
        return self.partitions() != self._at_first

    def close(self) -> None:
        pass


def _first_at(records: list[StoredRecord], time: int) -> int:
    for record in records:
        if record.timestamp is not None and record.timestamp >= time:
            return record.offset
    return len(records)


class MemoryInputPartition:
    """An InputPartition over a list of records that may grow."""

    def __init__(self, records: list[StoredRecord], position: int, end: int | AtTime | None) -> None:
        self._records = records
        self._end = end
        self.position = position

    @property
    def at_end(self) -> bool:
        return self.position >= len(self._records) or self.exhausted

    @property
    def exhausted(self) -> bool:
        if isinstance(self._end, AtTime):
            end = _first_at(self._records, self._end.time)
            if end == len(self._records):
                return False
            self._end = end
        return self._end is not None and self.position >= self._end

    @property
    def lag(self) -> int:
        return len(self._records) - self.position

    def read(self, most: int) -> list[InputRecord]:
        if self.exhausted:
            return []
        stop = self.position + most
        if isinstance(self._end, int):
            stop = min(stop, self._end)
        taken = self._records[self.position : stop]
        read = [InputRecord(record.offset, record.timestamp, record.key, record.value) for record in taken]
        self.position += len(read)
        return read

    def close(self) -> None:
        self._end = self.position


class MemoryOutput:
    """An OutputLog over a MemoryLog."""

    def __init__(self, log: MemoryLog) -> None:
        self._log = log

    def partitions(self, topic: str) -> int:
        return self._log.partitions(topic)

    def end(self, topic: str, partition: int) -> int:
        return len(self._log.records(topic, partition))

    def open(self, topic: str, partition: int) -> "MemoryOutputPartition":
        self._log.records(topic, partition)
        return MemoryOutputPartition(self._log, topic, partition)

    def close(self) -> None:
        pass


class MemoryOutputPartition:
    """An OutputPartition over a MemoryLog; what is appended is durable at once."""

    def __init__(self, log: MemoryLog, topic: str, partition: int) -> None:
        self._log = log
        self._where = (topic, partition)
        self.name = f"{topic}-{partition}"
        self._next = self.end()

    def append(self, records: Sequence[OutputRecord]) -> None:
        for record in records:
            self._next = 1 + self._log.append(
                *self._where, record.value, key=record.key, timestamp=record.time, id=record.id
            )

    def flush(self) -> int:
        return self._next

    def end(self) -> int:
        return len(self._log.records(*self._where))

    def scan(self, start: int) -> Iterator[str]:
        return (record.id for record in self._log.records(*self._where)[start:])

    def close(self) -> None:
        pass
