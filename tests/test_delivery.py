"""Each record is in the output once, whenever its writer dies, and however often."""

import os
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataflows.connectors.base import DataLostError, DeliveryError, OutputPartition, OutputRecord
from dataflows.connectors.file_output import FileOutput
from dataflows.connectors.kafka_output import KafkaOutput
from dataflows.connectors.memory import MemoryLog, MemoryOutput
from dataflows.delivery import SuppressingWriter, WriterState
from dataflows.errors import UserError
from tests.conftest import MakeTopic

INPUT = 40
"""Records that the input holds; each makes one output."""


def output_of(number: int) -> OutputRecord:
    return OutputRecord(f"id-{number}", b"user", b'{"update_id":"id-%d"}' % number, "sealwax.test", 0)


RECORDS = [output_of(number) for number in range(INPUT)]
IDS = [record.id for record in RECORDS]


class BrokerPartition:
    """A partition whose producer dies with records that may still arrive or not; without a flush nobody knows."""

    name = "updates-0"

    def __init__(self, held: list[str]) -> None:
        self.held = held
        """The ids in the log."""
        self.sent: list[str] = []
        """The ids not acknowledged yet."""

    def append(self, records: Sequence[OutputRecord]) -> None:
        self.sent += [record.id for record in records]

    def arrive(self, count: int) -> None:
        """Let the next `count` records sent reach the log."""
        self.held += self.sent[:count]
        del self.sent[:count]

    def flush(self) -> int:
        self.arrive(len(self.sent))
        return len(self.held)

    def end(self) -> int:
        return len(self.held)

    def scan(self, start: int) -> Iterator[str]:
        return iter(self.held[start:])

    def close(self) -> None:
        pass


class Batch(NamedTuple):
    """A step of a life: input records handled, and what then becomes of a snapshot."""

    size: int
    arrived: int
    snapshot: str
    """none, lost (taken, and the process dies before it is durable, if it dies next), or durable."""


class Life(NamedTuple):
    """What a process does until it is killed, and how much of what it sent last still arrives."""

    batches: list[Batch]
    arrived: int


batches = st.builds(Batch, st.integers(1, 9), st.integers(0, 9), st.sampled_from(["none", "lost", "durable"]))
lives = st.lists(st.builds(Life, st.lists(batches, max_size=6), st.integers(0, 30)), max_size=6)
UNDISTURBED = Life([Batch(INPUT, INPUT, "durable")], INPUT)

Resume = Callable[[OutputPartition, WriterState | None], SuppressingWriter]


class DurableState(NamedTuple):
    """What outlives a process: how far the input is read, and the writer's state."""

    position: int
    writer: WriterState | None


def live(life: Life, held: list[str], durable: DurableState, resume: Resume) -> DurableState:
    """One process's life; what it leaves durable."""
    partition = BrokerPartition(held)
    writer = resume(partition, durable.writer)
    position = durable.position
    for batch in life.batches:
        records = RECORDS[position : position + batch.size]
        writer.write(records)
        position += len(records)
        partition.arrive(batch.arrived)
        if batch.snapshot != "none":
            taken = DurableState(position, writer.snapshot())
            if batch.snapshot == "durable":
                durable = taken
    partition.arrive(life.arrived)
    return durable


def resume(partition: OutputPartition, state: WriterState | None) -> SuppressingWriter:
    return SuppressingWriter(partition, state, origin=0)


@given(lives)
def test_each_record_is_written_once_in_order_whenever_the_process_dies(lives: list[Life]) -> None:
    held: list[str] = []
    durable = DurableState(0, None)
    for life in [*lives, UNDISTURBED]:
        durable = live(life, held, durable, resume)
        assert len(held) == len(set(held))
    assert held == IDS


@given(lives, st.integers(1, 5))
def test_what_others_wrote_before_the_state_directory_was_made_is_not_looked_at(lives: list[Life], origin: int) -> None:
    held = IDS[:origin]  # the same ids, written by another flow: they do not count
    durable = DurableState(0, None)
    for life in [*lives, UNDISTURBED]:
        durable = live(life, held, durable, lambda partition, state: SuppressingWriter(partition, state, origin=origin))
    assert held == IDS[:origin] + IDS


def test_a_snapshot_without_the_pending_ids_would_write_them_twice() -> None:
    """The control: the second crash comes after a snapshot that was taken while ids were still pending."""

    class Forgetful(SuppressingWriter):
        def snapshot(self) -> WriterState:
            offset, _ = super().snapshot()
            return offset, []

    crashes = [
        Life([Batch(20, 20, "none")], 0),
        Life([Batch(5, 0, "durable")], 0),
        UNDISTURBED,
    ]

    def run(writer: type[SuppressingWriter]) -> list[str]:
        held: list[str] = []
        durable = DurableState(0, None)
        for life in crashes:
            durable = live(life, held, durable, lambda partition, state: writer(partition, state, origin=0))
        return held

    assert run(SuppressingWriter) == IDS
    assert len(run(Forgetful)) == INPUT + 15


def test_the_state_is_an_offset_and_the_ids_that_have_not_come_again() -> None:
    held = IDS[:10]
    writer = SuppressingWriter(BrokerPartition(held), (4, []), origin=0)
    assert writer.snapshot() == (4, [])
    writer.write(RECORDS[4:8])
    assert writer.snapshot() == (10, ["id-8", "id-9"])
    assert writer.suppressed == 4
    writer.write(RECORDS[8:12])
    assert writer.snapshot() == (12, [])
    assert writer.suppressed == 6
    assert held == IDS[:12]


def test_pending_ids_outlive_any_number_of_crashes() -> None:
    held = IDS[:10]
    state: WriterState | None = None
    for number in range(9):
        writer = SuppressingWriter(BrokerPartition(held), state, origin=0)
        writer.write(RECORDS[number : number + 1])
        state = writer.snapshot()
        assert state == (10, IDS[number + 1 : 10])
    assert held == IDS[:10]


def test_a_state_past_the_end_is_refused() -> None:
    with pytest.raises(DataLostError, match="updates-0 ends at offset 3, and its writer had reached 4"):
        SuppressingWriter(BrokerPartition(IDS[:3]), (4, []), origin=0)
    with pytest.raises(DataLostError, match="updates-0 ends at offset 3"):
        SuppressingWriter(BrokerPartition(IDS[:3]), None, origin=9)


def test_a_failed_flush_gives_no_snapshot() -> None:
    class Failing(BrokerPartition):
        def flush(self) -> int:
            raise DeliveryError("a record was not delivered")

    writer = SuppressingWriter(Failing([]), None, origin=0)
    writer.write(RECORDS[:1])
    with pytest.raises(DeliveryError):
        writer.snapshot()


class Time:
    """A clock that only sleeping moves, while a dead predecessor's records arrive."""

    def __init__(self, held: list[str], arrivals: Sequence[float]) -> None:
        self._held = held
        self._arrivals = list(arrivals)
        self.now = 0.0

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        while self._arrivals and self._arrivals[0] <= self.now:
            self._held.append(f"id-{len(self._held)}")
            del self._arrivals[0]

    def clock(self) -> float:
        return self.now


@pytest.mark.parametrize(
    ("arrivals", "found"), [([], 3), ([0.5], 4), ([0.5, 1.4], 5), ([0.9, 1.8, 2.7], 6), ([1.5], 3), ([0.5, 2.0], 4)]
)
def test_what_arrives_before_the_end_is_quiet_is_found(arrivals: list[float], found: int) -> None:
    held = IDS[:3]
    time = Time(held, arrivals)
    writer = SuppressingWriter(BrokerPartition(held), (0, []), origin=0, quiet=1.0, sleep=time.sleep, clock=time.clock)
    writer.write(RECORDS[:3])
    assert writer.snapshot() == (found, IDS[3:found])


def test_the_end_must_be_quiet_when_the_first_write_comes_not_when_the_writer_was_made() -> None:
    held = IDS[:3]
    time = Time(held, [4.9, 5.5])
    writer = SuppressingWriter(BrokerPartition(held), (0, []), origin=0, quiet=1.0, sleep=time.sleep, clock=time.clock)
    time.sleep(5.0)
    writer.write(RECORDS[:3])
    assert writer.snapshot() == (5, IDS[3:5])


def test_where_others_keep_writing_the_flow_stops_and_says_so(caplog: pytest.LogCaptureFixture) -> None:
    held = IDS[:3]
    time = Time(held, [number / 2 for number in range(1, 100)])
    partition = BrokerPartition(held)
    writer = SuppressingWriter(partition, (0, []), origin=0, quiet=1.0, sleep=time.sleep, clock=time.clock)
    with pytest.raises(
        UserError, match=r"updates-0: something keeps writing there: in 30 s.*topic of its own.*sink.quiet"
    ):
        writer.write(RECORDS[:3])
    assert time.now == pytest.approx(30.0)
    assert not partition.sent
    assert caplog.messages == ["updates-0: something is still writing there; waiting until it is quiet"]


def test_writers_made_together_wait_together() -> None:
    time = Time([], [])
    writers = [
        SuppressingWriter(BrokerPartition([]), None, origin=0, quiet=1.0, sleep=time.sleep, clock=time.clock)
        for _ in range(8)
    ]
    for writer in writers:
        writer.write(RECORDS[:1])
    assert time.now == pytest.approx(1.0)


def test_writers_made_one_after_the_other_wait_together_where_their_ends_were_seen() -> None:
    held = [IDS[:2] for _ in range(8)]
    time = Time(held[7], [0.9])
    for one in held:
        writer = SuppressingWriter(
            BrokerPartition(one), None, origin=0, quiet=1.0, seen=(2, 0.0), sleep=time.sleep, clock=time.clock
        )
        writer.write(RECORDS[:3])
    assert time.now == pytest.approx(2.0)
    assert [len(one) for one in held] == [2] * 7 + [3]


@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12), st.integers(0, 2_000)), max_size=6))
def test_a_file_holds_each_record_once_whatever_a_kill_leaves_of_it(
    tmp_path_factory: pytest.TempPathFactory, lives: list[tuple[int, int, int]]
) -> None:
    directory = tmp_path_factory.mktemp("output")
    position = 0
    state: WriterState = (0, [])
    for before, after, left in lives:
        writer = SuppressingWriter(FileOutput(directory).open("updates", 0), state, origin=0)
        writer.write(RECORDS[position : position + before])
        position, state = min(INPUT, position + before), writer.snapshot()
        writer.write(RECORDS[position : position + after])
        writer.close()
        path = directory / "updates.jsonl"
        os.truncate(path, min(state[0] + left, path.stat().st_size))  # a flushed byte is never lost, a later one may be
    partition = FileOutput(directory).open("updates", 0)
    SuppressingWriter(partition, state, origin=0).write(RECORDS[position:])
    assert list(partition.scan(0)) == IDS
    partition.close()


@pytest.mark.kafka
def test_a_topic_holds_each_record_once_after_two_crashes(bootstrap: str, make_topic: MakeTopic) -> None:
    topic = make_topic()
    states: list[WriterState | None] = [None]
    for first, last, snapshot in ((0, 20, False), (0, 12, True), (12, 25, False), (12, 30, True)):
        output = KafkaOutput({"bootstrap.servers": bootstrap})
        writer = SuppressingWriter(output.open(topic, 0), states[-1], origin=0)
        writer.write(RECORDS[first:last])
        taken = writer.snapshot()
        if snapshot:
            states.append(taken)
        output.close()
    assert states[1:] == [(20, IDS[12:20]), (30, [])]
    output = KafkaOutput({"bootstrap.servers": bootstrap})
    assert list(output.open(topic, 0).scan(0)) == IDS[:30]
    output.close()


def test_a_log_in_memory_takes_a_writer() -> None:
    log = MemoryLog({"updates": 1})
    for _ in range(2):
        writer = SuppressingWriter(MemoryOutput(log).open("updates", 0), None, origin=0)
        writer.write(RECORDS[:2])
        writer.close()
    assert [record.id for record in log.records("updates", 0)] == ["id-0", "id-1"]
