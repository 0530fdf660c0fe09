"""Partitions read in step, without the engine."""

from collections.abc import Sequence

from contracts.codec import encode_event, encode_label
from contracts.events import Event, Label, Position
from dataflows.connectors.memory import MemoryInput, MemoryLog
from dataflows.reading import Kind, PartitionReader, ReadingRules
from operators.settling import ABSENT_INPUT, UNKNOWN
from tests.flow.stream import START

RULES = ReadingRules(
    batch_size=4, lateness=1_000, hold=2_000, idle=10_000, quantum=0, max_record_bytes=10_000, max_ahead=86_400_000
)


class _Frontiers:
    def __init__(self, count: int) -> None:
        self.values = [UNKNOWN] * count

    def set(self, slot: int, value: int) -> None:
        self.values[slot] = value

    def minimum(self) -> int:
        return min(self.values)


def _event(number: int, seconds: float) -> Event:
    return Event(f"e{number}", "login", START + int(seconds * 1_000), "u")


def _log(events: Sequence[Event], labels: Sequence[Label] = ()) -> MemoryLog:
    log = MemoryLog({"events": 1, "labels": 1})
    for event in events:
        log.append("events", 0, encode_event(event), key=b"u")
    for label in labels:
        log.append("labels", 0, encode_label(label), key=b"u")
    return log


def _reader(
    log: MemoryLog, topic: str, frontiers: _Frontiers, offset: int = 0, latest: int = UNKNOWN
) -> PartitionReader:
    source = MemoryInput(log, [topic]).open(topic, 0, offset)
    kind: Kind = "labels" if topic == "labels" else "events"
    return PartitionReader(
        source, Position(topic, 0, 0), int(topic == "labels"), kind, RULES, frontiers, lambda: 0, latest
    )


def test_labels_that_lie_ahead_are_held_and_do_not_hold_the_watermark() -> None:
    log = _log([_event(number, number) for number in range(6)], [Label("e0", "u", "fraud", START + 600_000, "test")])
    frontiers = _Frontiers(2)
    labels, events = (_reader(log, topic, frontiers) for topic in ("labels", "events"))
    assert len(events.next_batch().arrivals) == 0
    ahead = labels.next_batch()
    assert ahead.labels == []
    assert ahead.watermark == START + 600_000 - RULES.lateness
    assert len(events.next_batch().arrivals) == RULES.batch_size
    assert not labels.next_batch()
    assert len(events.next_batch().arrivals) == 2
    assert len(labels.next_batch().labels) == 1


def test_what_is_late_does_not_depend_on_where_a_restart_began() -> None:
    times = [0, 5, 4.5, 1, 20, 18, 19.5, 19, 3, 21]
    log = _log([_event(number, seconds) for number, seconds in enumerate(times)])

    def read(offset: int, latest: int) -> tuple[list[bool], int, int]:
        reader = _reader(log, "events", _Frontiers(1), offset, latest)
        batch = reader.next_batch()
        return [arrival.late for arrival in batch.arrivals], *reader.state

    late: list[bool] = []
    offset, latest = 0, UNKNOWN
    while offset < len(times):
        given, offset, latest = read(offset, latest)
        late += given
    assert late == [seconds in (1, 18, 3) for seconds in times]


def test_an_idle_partition_counts_as_long_as_it_speaks() -> None:
    now = 0.0
    log = _log([_event(0, 0)])
    source = MemoryInput(log, ["events"]).open("events", 0)
    reader = PartitionReader(source, Position("events", 0, 0), 0, "events", RULES, _Frontiers(1), lambda: now)
    assert reader.next_batch().watermark == START - RULES.lateness
    assert reader.next_batch().watermark is None
    now = 11.0
    assert reader.next_batch().watermark == ABSENT_INPUT
    for number, now in enumerate((12.0, 18.0, 24.0, 30.0), start=1):
        log.append("events", 0, encode_event(_event(number, now)), key=b"u")
        assert reader.next_batch().watermark == START + now * 1_000 - RULES.lateness
        assert reader.next_batch().watermark is None
    now = 41.0
    assert reader.next_batch().watermark == ABSENT_INPUT
