"""Partitions in memory read by PartitionReaders, with a clock that the test turns."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from contracts.codec import encode_event, encode_label
from contracts.events import Event, Label, Position
from dataflows.connectors.base import ReadRange
from dataflows.connectors.memory import MemoryInput, MemoryInputPartition, MemoryLog
from dataflows.reading import PartitionReader, ReadingRules, SourceBatch
from operators.settling import UNKNOWN

START = 1_522_540_800_000
EVENTS, LABELS = "transactions", "labels"
RULES = ReadingRules(
    batch_size=4, lateness=1_000, hold=2_000, idle=1_000, quantum=500, max_record_bytes=1_000, max_ahead=60_000
)


class Slots:
    """Frontiers in a list; as at a flow's start, nobody has spoken."""

    def __init__(self, size: int) -> None:
        self.values = [0] * size

    def set(self, slot: int, value: int) -> None:
        self.values[slot] = value

    def minimum(self) -> int:
        return min(self.values)


@dataclass
class World:
    """`partitions` of events and one of labels."""

    partitions: int
    rules: ReadingRules = RULES
    stop_at_end: bool = False
    now: float = 0.0
    sources: list[MemoryInputPartition] = field(default_factory=list)
    readers: list[PartitionReader] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.log = MemoryLog({EVENTS: self.partitions, LABELS: 1})
        self.slots = Slots(self.partitions + 1)

    def put(self, number: int, *times: int, user: str = "u", key: bytes | None = b"u") -> None:
        """Append events, or labels where `number` is that of the labels' partition; times in ms after START."""
        for time in times:
            if number == self.partitions:
                value = encode_label(Label("e", user, "fraud", START + time, "test"))
            else:
                value = encode_event(Event("e", "payment", START + time, user))
            self.put_bytes(number, value, key)

    def put_bytes(self, number: int, value: bytes, key: bytes | None = b"u", timestamp: int | None = None) -> None:
        """Append a record."""
        topic, partition = self.place(number)
        self.log.append(topic, partition, value, key=key, timestamp=timestamp)

    def place(self, number: int) -> tuple[str, int]:
        return (LABELS, 0) if number == self.partitions else (EVENTS, number)

    def open(self) -> None:
        """Open a reader for each partition."""
        for number in range(self.partitions + 1):
            self.reopen(number, (0, UNKNOWN))

    def reopen(self, number: int, state: tuple[int, int]) -> None:
        """Go on from a reader's state with another reader."""
        topic, partition = self.place(number)
        offset, latest = state
        source = MemoryInput(self.log, [topic], ReadRange(stop_at_end=self.stop_at_end)).open(topic, partition, offset)
        reader = PartitionReader(
            source, Position(topic, partition, 0), number, "labels" if topic == LABELS else "events",
            self.rules, self.slots, self.clock, latest,
        )  # fmt: skip
        self.sources[number : number + 1] = [source]
        self.readers[number : number + 1] = [reader]

    def clock(self) -> float:
        return self.now

    def read(self, number: int) -> SourceBatch:
        """One turn of a partition."""
        return self.readers[number].next_batch()


def times(batch: SourceBatch) -> list[int]:
    """Of a batch's events and labels, in ms after START."""
    events = [arrival.event.event_time - START for arrival in batch.arrivals]
    return events + [label.label_time - START for label in batch.labels]


def all_times(batches: Sequence[SourceBatch]) -> list[int]:
    return [time for batch in batches for time in times(batch)]
