"""A writer waits until what its dead predecessor sent has arrived."""

from collections.abc import Sequence

import pytest

from dataflows.delivery import SuppressingWriter
from dataflows.errors import UserError
from tests.delivery.broker import IDS, RECORDS, BrokerPartition


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
