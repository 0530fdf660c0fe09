"""Partitions merged by event time, as they grow."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from dataflows.connectors.base import InputRecord
from dataflows.event_order import EventOrder, Feed

Item = tuple[int, str]


@dataclass
class Growing:
    """An InputPartition whose records a test adds."""

    records: deque[InputRecord] = field(default_factory=deque)
    position: int = 0
    whole: bool = False
    """Nothing will be added any more."""
    fetched: bool = True
    """Whether what is there has arrived."""
    lag: int | None = None

    @property
    def exhausted(self) -> bool:
        return self.whole and not self.records

    @property
    def at_end(self) -> bool:
        return not self.records and self.fetched

    def add(self, *times: int) -> None:
        for time in times:
            self.records.append(InputRecord(self.position + len(self.records), None, None, str(time).encode()))

    def read(self, most: int) -> list[InputRecord]:
        given = [self.records.popleft() for _ in range(min(most, len(self.records)))]
        self.position += len(given)
        return given

    def close(self) -> None:
        pass


class World:
    """Partitions, and a clock that a test turns."""

    def __init__(self, count: int) -> None:
        self.partitions = [Growing() for _ in range(count)]
        self.now = 0.0
        feeds = [Feed(f"t-{number}", one, self.decode(number)) for number, one in enumerate(self.partitions)]
        self.order = EventOrder(feeds, lambda item: item[0], 1.0, lambda: self.now)

    @staticmethod
    def decode(number: int) -> Callable[[InputRecord], Item | None]:
        return lambda record: None if record.value == b"0" else (int(record.value), f"{number}-{record.offset}")

    def read(self) -> list[int]:
        return [time for time, _ in self.order.read()]


@given(st.lists(st.lists(st.integers(1, 50), max_size=20), min_size=1, max_size=4), st.data())
def test_the_order_is_a_fact_of_the_partitions(by_partition: list[list[int]], data: st.DataObject) -> None:
    expected_world, world = World(len(by_partition)), World(len(by_partition))
    for one, times in zip(expected_world.partitions, by_partition, strict=True):
        one.add(*times)
        one.whole = True
    expected = []
    while not expected_world.order.exhausted:
        expected += expected_world.order.read()
    left = [deque(times) for times in by_partition]
    given_out: list[Item] = []
    while any(left):
        number = data.draw(st.sampled_from([number for number, times in enumerate(left) if times]))
        world.partitions[number].add(left[number].popleft())
        world.partitions[number].whole = not left[number]
        for other, times in enumerate(left):
            world.partitions[other].whole |= not times
        given_out += world.order.read()
    assert given_out + world.order.read() == expected
    assert sorted(time for time, _ in expected) == sorted(time for times in by_partition for time in times)
    if all(times == sorted(times) for times in by_partition):
        assert expected == sorted(expected, key=lambda item: item[0])


def test_a_partition_is_waited_for_until_it_has_been_idle() -> None:
    world = World(2)
    world.partitions[0].add(5, 7)
    assert world.read() == []
    world.now = 0.9
    assert world.read() == []
    world.partitions[1].add(6)
    assert world.read() == [5, 6]
    world.now = 1.8
    assert world.read() == []
    world.now = 2.0
    assert world.read() == [7]
    world.partitions[1].add(3)
    assert world.read() == []
    world.now = 5.0
    assert world.read() == [3]


def test_what_is_under_way_is_waited_for_however_long() -> None:
    world = World(2)
    world.partitions[0].add(5)
    world.partitions[1].fetched = False
    world.now = 100.0
    assert world.read() == []
    assert not world.order.caught_up
    world.partitions[1].fetched = True
    assert world.read() == []
    world.now = 101.0
    assert world.read() == [5]
    assert world.order.caught_up


def test_a_position_is_that_of_what_was_not_given() -> None:
    world = World(2)
    world.partitions[0].add(0, 5, 0, 7)
    world.partitions[1].add(6)
    assert world.read() == [5, 6]
    assert world.order.positions == {"t-0": 3, "t-1": 1}
