"""What every input does alike. A connector's test class says how to fill its log."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import pytest

from dataflows.connectors.base import (
    AtOffsets,
    AtTime,
    DataLostError,
    InputLog,
    InputPartition,
    InputRecord,
    ReadRange,
)
from dataflows.errors import UserError
from tests.processes import wait_until

DAY = 1_522_540_800_000


def read_until(partition: InputPartition, done: Callable[[], bool], most: int = 100) -> list[InputRecord]:
    """All that a partition gives until a condition holds."""
    records: list[InputRecord] = []

    def read() -> bool:
        got = partition.read(most)
        assert len(got) <= most
        records.extend(got)
        return done()

    wait_until(read)
    return records


def read_all(partition: InputPartition, most: int = 100) -> list[InputRecord]:
    """All that a partition gives until it is exhausted."""
    return read_until(partition, lambda: partition.exhausted, most)


def numbered(*numbers: int) -> list[bytes]:
    return [b'{"number": %d}' % number for number in numbers]


class Feed(Protocol):
    """A log to read: one topic, filled by the test."""

    topic: str

    def put(self, values: Sequence[bytes], *, partition: int = 0, time: int = DAY) -> None:
        """Add records, each a millisecond after the one before."""

    def log(self, read_range: ReadRange) -> InputLog:
        """Open the log."""


class InputConformance:
    """Every input. A class that inherits gives the fixture `feed`."""

    def test_all_records_come_in_order_at_most_so_many_at_once(self, feed: Any) -> None:
        feed.put(numbered(*range(250)))
        log = feed.log(ReadRange(stop_at_end=True))
        assert log.partitions() == [(feed.topic, 0)]
        partition = log.open(feed.topic, 0)
        records = read_all(partition, most=7)
        assert [record.value for record in records] == numbered(*range(250))
        assert [record.offset for record in records] == list(range(250))
        assert partition.position == 250
        assert (log.errors, log.last_error, log.grown()) == (0, "", False)
        log.close()

    def test_the_position_is_that_of_the_next_record_after_each_read(self, feed: Any) -> None:
        feed.put(numbered(*range(20)))
        log = feed.log(ReadRange(stop_at_end=True))
        partition = log.open(feed.topic, 0)
        assert partition.position == 0
        read = 0
        while not partition.exhausted:
            read += len(partition.read(3))
            assert partition.position == read
        log.close()

    @pytest.mark.parametrize("position", [0, 1, 13, 29, 30])
    def test_a_resumed_partition_gives_the_rest(self, feed: Any, position: int) -> None:
        feed.put(numbered(*range(30)))
        log = feed.log(ReadRange(stop_at_end=True))
        partition = log.open(feed.topic, 0, position)
        assert partition.position == position
        assert [record.offset for record in read_all(partition)] == list(range(position, 30))
        log.close()

    def test_a_position_goes_before_the_start_of_the_range(self, feed: Any) -> None:
        feed.put(numbered(*range(10)))
        log = feed.log(ReadRange(start="latest", stop_at_end=True))
        assert [record.offset for record in read_all(log.open(feed.topic, 0, 4))] == [4, 5, 6, 7, 8, 9]
        log.close()

    def test_a_position_past_the_end_is_refused(self, feed: Any) -> None:
        feed.put(numbered(*range(10)))
        log = feed.log(ReadRange())
        with pytest.raises(DataLostError, match=r"from .*11.* (ends at|has only) 10"):
            log.open(feed.topic, 0, 11)
        log.close()

    def test_an_empty_partition_is_exhausted_at_once(self, feed: Any) -> None:
        feed.put([])
        log = feed.log(ReadRange(stop_at_end=True))
        partition = log.open(feed.topic, 0)
        assert partition.exhausted
        assert partition.at_end
        assert partition.read(10) == []
        assert partition.position == 0
        assert partition.lag == 0
        log.close()

    def test_the_latest_start_skips_what_is_there(self, feed: Any) -> None:
        feed.put(numbered(*range(10)))
        log = feed.log(ReadRange(start="latest", stop_at_end=True))
        partition = log.open(feed.topic, 0)
        assert partition.position == 10
        assert read_all(partition) == []
        log.close()

    @pytest.mark.parametrize(("start", "end"), [(0, 10), (3, 7), (5, 5), (7, 3), (9, 10), (2, 99)])
    def test_a_range_of_offsets_excludes_its_end(self, feed: Any, start: int, end: int) -> None:
        feed.put(numbered(*range(10)))
        bounds = [AtOffsets({(feed.topic, 0): offset}) for offset in (start, end)]
        log = feed.log(ReadRange(*bounds, stop_at_end=True))
        records = read_all(log.open(feed.topic, 0), most=2)
        assert [record.offset for record in records] == list(range(start, min(end, 10)))
        log.close()

    def test_a_partition_that_a_range_does_not_name_has_no_bound(self, feed: Any) -> None:
        feed.put(numbered(*range(10)))
        elsewhere = AtOffsets({("another", 0): 5})
        log = feed.log(ReadRange(elsewhere, elsewhere, stop_at_end=True))
        assert len(read_all(log.open(feed.topic, 0))) == 10
        log.close()

    def test_values_are_whole_whatever_their_bytes(self, feed: Any) -> None:
        values = [bytes(byte for byte in range(256) if byte != ord("\n")), b"\xff\xfe", b"x" * 300_000, b"{}"]
        feed.put(values)
        log = feed.log(ReadRange(stop_at_end=True))
        assert [record.value for record in read_all(log.open(feed.topic, 0))] == values
        log.close()

    def test_lag_falls_to_nothing(self, feed: Any) -> None:
        feed.put(numbered(*range(10)))
        log = feed.log(ReadRange(stop_at_end=True))
        partition = log.open(feed.topic, 0)
        assert partition.lag in (10, None)
        read_all(partition)
        assert partition.lag == 0
        log.close()

    def test_a_closed_partition_gives_nothing_and_may_be_opened_again(self, feed: Any) -> None:
        feed.put(numbered(*range(10)))
        log = feed.log(ReadRange(stop_at_end=True))
        partition = log.open(feed.topic, 0)
        wait_until(lambda: bool(partition.read(3)))
        partition.close()
        partition.close()
        assert partition.read(3) == []
        assert [record.offset for record in read_all(log.open(feed.topic, 0, 3))] == list(range(3, 10))
        log.close()
        log.close()


class LiveInputConformance:
    """Every input that grows while it is read and keeps the time of each record: fixture `feed` with two partitions."""

    def test_the_end_moves(self, live_feed: Any) -> None:
        log = live_feed.log(ReadRange())
        partition = log.open(live_feed.topic, 0)
        assert partition.at_end
        for first in (0, 5, 10):
            live_feed.put(numbered(*range(first, first + 5)))
            records = read_until(partition, lambda first=first: partition.position == first + 5)  # type: ignore[misc]
            assert [record.offset for record in records] == list(range(first, first + 5))
            read_until(partition, lambda: partition.at_end)
            assert not partition.exhausted
            assert partition.lag == 0
        log.close()

    def test_it_is_not_at_its_end_before_everything_was_read(self, live_feed: Any) -> None:
        live_feed.put(numbered(*range(10)))
        log = live_feed.log(ReadRange())
        partition = log.open(live_feed.topic, 0)
        while partition.position < 10:
            assert not partition.at_end
            partition.read(3)
        assert partition.at_end
        log.close()

    def test_stop_at_end_reads_what_was_there_and_nothing_later(self, live_feed: Any) -> None:
        live_feed.put(numbered(*range(10)))
        log = live_feed.log(ReadRange(stop_at_end=True))
        partition = log.open(live_feed.topic, 0)
        live_feed.put(numbered(10, 11))
        assert [record.offset for record in read_all(partition)] == list(range(10))
        assert partition.at_end
        log.close()

    def test_partitions_are_read_side_by_side(self, live_feed: Any) -> None:
        live_feed.put(numbered(*range(100)), partition=0)
        live_feed.put(numbered(*range(100, 300)), partition=1)
        log = live_feed.log(ReadRange(stop_at_end=True))
        partitions = [log.open(topic, number) for topic, number in log.partitions()]
        read: list[list[bytes]] = [[], []]

        def turn() -> bool:
            for values, partition in zip(read, partitions, strict=True):
                values.extend(record.value for record in partition.read(3))
            return all(partition.exhausted for partition in partitions)

        wait_until(turn)
        assert read == [numbered(*range(100)), numbered(*range(100, 300))]
        log.close()

    def test_a_partition_that_is_not_read_holds_nothing_up(self, live_feed: Any) -> None:
        live_feed.put(numbered(*range(100)), partition=0)
        live_feed.put(numbered(*range(100, 200)), partition=1)
        log = live_feed.log(ReadRange(stop_at_end=True))
        left, right = (log.open(topic, number) for topic, number in log.partitions())
        assert len(read_all(right)) == 100
        assert left.position == 0
        assert [record.value for record in read_all(left)] == numbered(*range(100))
        log.close()

    def test_records_keep_the_time_that_the_log_gave_them(self, live_feed: Any) -> None:
        live_feed.put(numbered(0, 1), time=DAY)
        log = live_feed.log(ReadRange(stop_at_end=True))
        assert [record.timestamp for record in read_all(log.open(live_feed.topic, 0))] == [DAY, DAY + 1]
        log.close()

    @pytest.mark.parametrize(
        ("start", "end", "offsets"),
        [(DAY, DAY + 10, range(10)), (DAY + 3, DAY + 7, range(3, 7)), (DAY - 5, DAY, []), (DAY + 50, DAY + 60, [])],
    )
    def test_a_range_of_times_excludes_its_end(
        self, live_feed: Any, start: int, end: int, offsets: Sequence[int]
    ) -> None:
        live_feed.put(numbered(*range(10)), time=DAY)
        log = live_feed.log(ReadRange(AtTime(start), AtTime(end), stop_at_end=True))
        assert [record.offset for record in read_all(log.open(live_feed.topic, 0))] == list(offsets)
        log.close()

    def test_an_end_in_the_future_is_reached_by_the_first_record_after_it(self, live_feed: Any) -> None:
        live_feed.put(numbered(0, 1), time=DAY)
        log = live_feed.log(ReadRange(end=AtTime(DAY + 1_000)))
        partition = log.open(live_feed.topic, 0)
        read_until(partition, lambda: partition.at_end)
        assert not partition.exhausted
        live_feed.put(numbered(2), time=DAY + 999)
        live_feed.put(numbered(3, 4), time=DAY + 1_000)
        assert [record.value for record in read_all(partition)] == numbered(2)
        log.close()

    def test_growth_is_noticed_and_remembered(self, live_feed: Any) -> None:
        log = live_feed.log(ReadRange())
        assert len(log.partitions()) == 2
        assert not log.grown()
        live_feed.grow(4)
        wait_until(log.grown)
        assert log.grown()
        log.close()

    def test_an_unknown_topic_is_named(self, live_feed: Any) -> None:
        live_feed.topic = "nowhere"
        with pytest.raises(UserError, match="nowhere"):
            live_feed.log(ReadRange()).partitions()
