"""What every output does alike. A connector's test class says how to open its log and read what was written."""

from collections.abc import Callable

from dataflows.connectors.base import OutputLog, OutputRecord
from tests.connectors.input_conformance import DAY


def record(number: int) -> OutputRecord:
    """A record that carries its id in its value too, as all that the flow writes."""
    return OutputRecord(f"id-{number}", b"user", b'{"update_id":"id-%d"}' % number, "sealwax.test", DAY + number)


class OutputConformance:
    """Every output. A class that inherits gives the fixtures `output`, a log, `topic`, and `written`, its values."""

    def test_records_are_there_in_order_after_a_flush(
        self, output: OutputLog, topic: str, written: Callable[[], list[bytes]]
    ) -> None:
        partition = output.open(topic, 0)
        assert partition.end() == 0
        records = [record(number) for number in range(100)]
        partition.append(records[:1])
        partition.append([])
        partition.append(records[1:])
        end = partition.flush()
        assert list(partition.scan(end)) == []
        assert written() == [one.value for one in records]

    def test_a_flush_gives_the_offset_of_what_comes_next(self, output: OutputLog, topic: str) -> None:
        partition = output.open(topic, 0)
        assert partition.flush() == 0
        offsets = [0]
        for number in range(3):
            partition.append([record(number), record(number + 10)])
            offsets.append(partition.flush())
            assert partition.flush() == offsets[-1]
        assert list(partition.scan(offsets[1])) == ["id-1", "id-11", "id-2", "id-12"]
        assert offsets == sorted(set(offsets))

    def test_a_scan_gives_the_ids_from_an_offset_to_the_end(self, output: OutputLog, topic: str) -> None:
        partition = output.open(topic, 0)
        partition.append([record(number) for number in range(5)])
        middle = partition.flush()
        assert list(partition.scan(middle)) == []
        partition.append([record(number) for number in range(5, 2_500)])
        end = partition.flush()
        assert list(partition.scan(0)) == [f"id-{number}" for number in range(2_500)]
        assert list(partition.scan(middle)) == [f"id-{number}" for number in range(5, 2_500)]
        assert list(partition.scan(end)) == []

    def test_what_was_written_before_is_still_there(
        self, output: OutputLog, topic: str, written: Callable[[], list[bytes]]
    ) -> None:
        first = output.open(topic, 0)
        first.append([record(0)])
        first.flush()
        end = first.end()
        first.close()
        first.close()
        second = output.open(topic, 0)
        assert second.end() == end
        assert second.flush() == end
        second.append([record(1)])
        second.flush()
        assert list(second.scan(0)) == ["id-0", "id-1"]
        assert len(written()) == 2

    def test_the_topic_has_a_partition_and_the_partition_a_name(self, output: OutputLog, topic: str) -> None:
        assert output.partitions(topic) == 1
        assert topic in output.open(topic, 0).name
