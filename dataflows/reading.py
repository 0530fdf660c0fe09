"""From the records of one input partition to events in order: decoded, held in step with the others, and watermarked.

Engine-free: `steps.source` wraps it for Bytewax.
"""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

from contracts.codec import InvalidRecordError, decode_decision, decode_event, decode_label
from contracts.events import Label, Position
from dataflows.change_records import effective_records
from dataflows.connectors.base import InputPartition, InputRecord, OutputRecord
from dataflows.control_journal import ControlJournal
from dataflows.letter_records import check_size, letter_record
from operators.packs import Arrival, Ruled
from operators.settling import ABSENT_INPUT, UNKNOWN

Kind = Literal["events", "labels", "decisions"]
"""What a topic holds."""


class Frontiers(Protocol):
    """How far every partition's reader has come, in event time; shared by all processes."""

    def set(self, slot: int, value: int) -> None:
        """Note one partition's frontier, epoch ms."""

    def minimum(self) -> int:
        """The least of all."""


@dataclass(frozen=True, slots=True)
class ReadingRules:
    """How records become events; times in ms."""

    batch_size: int
    lateness: int
    """A partition's watermark is its latest event time minus this."""
    hold: int
    """A partition waits when it is further than this ahead of the slowest."""
    idle: int
    """A partition at its end for so long no longer counts; overdue labels and decisions don't make it count again."""
    quantum: int
    """A watermark is told when it has moved by so much."""
    max_record_bytes: int
    max_ahead: int
    """An event further than this after its record's own timestamp has an impossible time."""


class _Read(NamedTuple):
    offset: int
    time: int
    arrival: Arrival | None = None
    label: Label | None = None
    ruled: Ruled | None = None
    letter: OutputRecord | None = None
    wrong_key: bool = False


class SourceBatch:
    """What one partition gave at once."""

    __slots__ = ("arrivals", "changes", "decisions", "input", "labels", "last", "letters", "watermark", "wrong_key")

    def __init__(self, number: int) -> None:
        self.input = number
        self.arrivals: list[Arrival] = []
        self.labels: list[Label] = []
        self.decisions: list[Ruled] = []
        self.letters: list[OutputRecord] = []
        self.changes: list[OutputRecord] = []
        """Records of changes of the policy: accepted, or effective from here on."""
        self.watermark: int | None = None
        """Where it has moved: the partition's watermark, for every key group."""
        self.last: int | None = None
        """Where the partition no longer counts: its own last watermark, to the millisecond."""
        self.wrong_key = 0
        """Events whose record had no key, or another than the user."""

    def __bool__(self) -> bool:
        return bool(
            self.arrivals or self.labels or self.decisions or self.letters or self.changes or self.watermark is not None
        )


class PartitionReader:
    """Reads one partition in step with all others.

    `number` is its place among all inputs, `clock` (seconds) tells how long it is idle, `latest` is the greatest event
    time that it has given so far.
    """

    def __init__(
        self, source: InputPartition, place: Position, number: int, kind: Kind, rules: ReadingRules,
        frontiers: Frontiers, clock: Callable[[], float], latest: int = UNKNOWN, journal: ControlJournal | None = None,
    ) -> None:  # fmt: skip
        """With a `journal`, nothing is given before it knows."""
        self._source = source
        self._place = place
        self._number = number
        self._decode = {"events": self._event, "labels": self._label, "decisions": self._decision}[kind]
        self._rules = rules
        self._frontiers = frontiers
        self._clock = clock
        self._buffer: deque[_Read] = deque()
        self._newest = latest
        self._latest = latest
        self._told = UNKNOWN
        self._quiet_since: float | None = None
        self._journal = journal
        if journal is not None and latest != UNKNOWN:
            journal.go_on(latest)

    @property
    def state(self) -> tuple[int, int]:
        """What a restart goes on from: the next offset, and the greatest event time given so far."""
        return (self._buffer[0].offset if self._buffer else self._source.position), self._latest

    @property
    def finished(self) -> bool:
        """Everything was given, and nothing will ever come again."""
        return self._source.exhausted and not self._buffer and self._told == ABSENT_INPUT

    def next_batch(self) -> SourceBatch:
        """What is there and may go on; empty where there is nothing."""
        self._fill()
        self._publish()
        batch = SourceBatch(self._number)
        limit = self._frontiers.minimum() + self._rules.hold
        buffer, before = self._buffer, self._latest
        while buffer and buffer[0].time <= limit:
            read = buffer.popleft()
            self._latest = max(self._latest, read.time)
            if read.arrival is not None:
                batch.arrivals.append(read.arrival)
                batch.wrong_key += read.wrong_key
            elif read.label is not None:
                batch.labels.append(read.label)
            elif read.ruled is not None:
                batch.decisions.append(read.ruled)
            elif read.letter is not None:
                batch.letters.append(read.letter)
        if self._journal is not None and self._latest > before:
            self._journal.go_on(self._latest)
            if self._journal.timeline.next_change(before) <= self._latest:
                batch.changes = effective_records(batch.arrivals, self._place.topic, self._journal.timeline, before)
        batch.watermark = self._watermark()
        if batch.watermark == ABSENT_INPUT and self._latest != UNKNOWN:
            batch.last = self._latest - self._rules.lateness
        self._publish()
        return batch

    def _fill(self) -> None:
        missing = self._rules.batch_size - len(self._buffer)
        if missing * 2 > self._rules.batch_size:
            records = self._source.read(missing)
            if records:
                received = time.time_ns() // 1_000_000
                reads = [self._read(record, received) for record in records]
                self._buffer.extend(reads)
                if not all(self._is_overdue(*both) for both in zip(records, reads, strict=True)):
                    self._quiet_since = None

    def _publish(self) -> None:
        done = not self._buffer and (self._source.at_end or self._source.exhausted)
        self._frontiers.set(self._number, ABSENT_INPUT if done else self._newest)

    def _read(self, record: InputRecord, received: int) -> _Read:
        try:
            check_size(record, self._rules.max_record_bytes)
            return self._decode(record, received)
        except InvalidRecordError as error:
            position = Position(self._place.topic, self._place.partition, record.offset)
            time = record.timestamp or max(self._newest, 0)
            letter = letter_record(error.code, str(error), position, record.value, record.key or b"", time, received)
            return _Read(record.offset, UNKNOWN, letter=letter)

    def _event(self, record: InputRecord, received: int) -> _Read:
        event = decode_event(record.value)
        self._check_time(record, event.event_time, "event_time")
        mark = self._newest - self._rules.lateness
        late = event.event_time < mark
        peak = self._newest if self._newest > event.event_time else 0
        self._newest = max(self._newest, event.event_time)
        arrival = Arrival(event, self._place.partition, record.offset, late, received, mark if late else 0, peak)
        return _Read(record.offset, event.event_time, arrival, wrong_key=record.key != event.user_id.encode())

    def _label(self, record: InputRecord, received: int) -> _Read:
        label = decode_label(record.value)
        self._check_time(record, label.label_time, "label_time")
        self._newest = max(self._newest, label.label_time)
        return _Read(record.offset, label.label_time, label=label)

    def _decision(self, record: InputRecord, received: int) -> _Read:
        decision = decode_decision(record.value)
        self._check_time(record, decision.decision_time, "decision_time")
        self._newest = max(self._newest, decision.decision_time)
        ruled = Ruled(decision, Position(self._place.topic, self._place.partition, record.offset))
        return _Read(record.offset, decision.decision_time, ruled=ruled)

    def _check_time(self, record: InputRecord, time: int, field: str) -> None:
        if record.timestamp is not None and time > record.timestamp + self._rules.max_ahead:
            raise InvalidRecordError(
                "impossible_time",
                f"{field}: lies {(time - record.timestamp) // 1_000} s after the record's own timestamp",
            )

    def _watermark(self) -> int | None:
        latest = max(self._latest, self._buffer[0].time) if self._buffer else self._latest  # what is held tells as well
        watermark = latest - self._rules.lateness if latest != UNKNOWN else UNKNOWN
        if not self._buffer and (self._source.exhausted or (self._source.at_end and self._is_idle())):
            watermark = ABSENT_INPUT
        moved = watermark - self._told
        if watermark == self._told or 0 <= moved < self._rules.quantum:
            return None
        self._told = watermark
        return watermark

    def _is_overdue(self, record: InputRecord, read: _Read) -> bool:
        """Whether a label or decision was published so long after its own time that nobody waits for it: a feed of such
        would hold everything back by as much for as long as it flows."""
        if record.timestamp is None or read.arrival is not None or read.letter is not None:
            return False
        return read.time + self._rules.hold + self._rules.idle < record.timestamp

    def _is_idle(self) -> bool:
        now = self._clock()
        if self._quiet_since is None:
            self._quiet_since = now
        return (now - self._quiet_since) * 1_000 >= self._rules.idle
