"""Each record is in the output once, whenever its writer dies, and however often."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataflows.connectors.base import DataLostError, DeliveryError
from dataflows.delivery import SuppressingWriter, WriterState
from tests.delivery.broker import IDS, INPUT, RECORDS, BrokerPartition


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

Resume = Callable[..., SuppressingWriter]


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


def held_after(lives: list[Life], resume: Resume, origin: int = 0) -> list[str]:
    """What the log holds once the last of these processes has ended; it held so many of the ids before."""
    held, durable = IDS[:origin], DurableState(0, None)
    for life in lives:
        durable = live(life, held, durable, partial(resume, origin=origin))
    return held


@given(lives)
def test_each_record_is_written_once_in_order_whenever_the_process_dies(lives: list[Life]) -> None:
    assert held_after([*lives, UNDISTURBED], SuppressingWriter) == IDS


@given(lives, st.integers(1, 5))
def test_what_others_wrote_before_the_state_directory_was_made_is_not_looked_at(lives: list[Life], origin: int) -> None:
    """Not even where another flow has written the same ids."""
    assert held_after([*lives, UNDISTURBED], SuppressingWriter, origin) == IDS[:origin] + IDS


def test_a_snapshot_without_the_pending_ids_would_write_them_twice() -> None:
    """The control: the second crash comes after a snapshot that was taken while ids were still pending."""

    class Forgetful(SuppressingWriter):
        def snapshot(self) -> WriterState:
            offset, _ = super().snapshot()
            return offset, []

    crashes = [Life([Batch(20, 20, "none")], 0), Life([Batch(5, 0, "durable")], 0), UNDISTURBED]
    assert held_after(crashes, SuppressingWriter) == IDS
    assert len(held_after(crashes, Forgetful)) == INPUT + 15


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
