"""Files and directories behave as any other log; and what only files can do wrong."""

import json
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from dataflows.connectors import lines
from dataflows.connectors.base import AtTime, DataLostError, ReadRange
from dataflows.connectors.file_input import FileInput
from dataflows.connectors.file_output import FileOutput
from dataflows.connectors.lines import count_lines, read_lines
from dataflows.connectors.parquet import count_rows, read_rows
from dataflows.errors import UserError
from tests.connectors.input_conformance import DAY, InputConformance, numbered, read_all
from tests.connectors.output_conformance import OutputConformance, record


class FileFeed:
    topic = "topic"

    def __init__(self, path: Path) -> None:
        self._path = path

    def put(self, values: Sequence[bytes], *, partition: int = 0, time: int = DAY) -> None:
        data = b"".join(value + b"\n" for value in values)
        if self._path.suffix == ".zst":
            middle = len(data) // 2
            data = b"".join(zstandard.compress(part) for part in (data[:middle], data[middle:]))
        self._path.write_bytes(data)

    def log(self, read_range: ReadRange) -> FileInput:
        return FileInput({self.topic: self._path}, read_range)


class TestLinesInput(InputConformance):
    @pytest.fixture
    def feed(self, tmp_path: Path) -> FileFeed:
        return FileFeed(tmp_path / "events.jsonl")


class TestCompressedLinesInput(InputConformance):
    @pytest.fixture
    def feed(self, tmp_path: Path) -> FileFeed:
        return FileFeed(tmp_path / "events.jsonl.zst")


class ParquetFeed(FileFeed):
    def put(self, values: Sequence[bytes], *, partition: int = 0, time: int = DAY) -> None:
        numbers = pa.array([json.loads(value)["number"] for value in values], pa.int64())
        pq.write_table(pa.table({"number": numbers}), self._path, row_group_size=12)

    def log(self, read_range: ReadRange) -> FileInput:
        return FileInput({self.topic: self._path}, read_range)


class TestParquetInput(InputConformance):
    @pytest.fixture
    def feed(self, tmp_path: Path) -> ParquetFeed:
        return ParquetFeed(tmp_path / "events.parquet")

    def test_all_records_come_in_order_at_most_so_many_at_once(self, feed: ParquetFeed) -> None:
        feed.put(numbered(*range(250)))
        records = read_all(feed.log(ReadRange()).open(feed.topic, 0), most=7)
        assert [json.loads(one.value) for one in records] == [{"number": number} for number in range(250)]
        assert [one.offset for one in records] == list(range(250))

    def test_values_are_whole_whatever_their_bytes(self, feed: ParquetFeed) -> None:
        """A column of bytes has no place in JSON, and its name is said."""
        pq.write_table(pa.table({"number": [1], "raw": [b"\xff"]}), feed._path)
        with pytest.raises(UserError, match=r"events.parquet: column 'raw' holds bytes"):
            feed.log(ReadRange()).open(feed.topic, 0)


class TestFileOutput(OutputConformance):
    @pytest.fixture
    def topic(self) -> str:
        return "risk-updates"

    @pytest.fixture
    def output(self, tmp_path: Path) -> FileOutput:
        return FileOutput(tmp_path / "made" / "here")

    @pytest.fixture
    def written(self, tmp_path: Path, topic: str) -> Callable[[], list[bytes]]:
        return lambda: (tmp_path / "made" / "here" / f"{topic}.jsonl").read_bytes().splitlines()


@given(
    content=st.lists(st.sampled_from([b"a", b"bc", b"\n", b"\n\n", b"long" * 9]), max_size=40).map(b"".join),
    chunk=st.integers(1, 16),
    first=st.integers(0, 12),
)
def test_lines_are_those_of_the_file_whatever_the_chunks(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, chunk: int, first: int
) -> None:
    expected = content.splitlines()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lines, "_CHUNK", chunk)
        patch.setattr(lines, "_COMPRESSED_CHUNK", chunk)
        for name, data in (("lines.jsonl", content), ("lines.jsonl.zst", zstandard.compress(content))):
            path = tmp_path_factory.getbasetemp() / name
            path.write_bytes(data)
            assert count_lines(path) == len(expected)
            if first > len(expected):
                with pytest.raises(DataLostError):
                    list(read_lines(path, first))
            else:
                assert [line for some in read_lines(path, first) for line in some] == expected[first:]


def test_empty_lines_are_passed_over_but_counted(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_bytes(b"\n\na\n\nb\n\n")
    partition = FileInput({"topic": path}).open("topic", 0)
    assert [(one.offset, one.value) for one in read_all(partition, most=1)] == [(2, b"a"), (4, b"b")]
    assert partition.position == 6


def test_a_last_line_without_an_end_counts(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_bytes(b"a\nb")
    assert [one.value for one in read_all(FileInput({"topic": path}).open("topic", 0))] == [b"a", b"b"]


def test_rows_become_json_as_events_need_it(tmp_path: Path) -> None:
    moment = datetime(2018, 4, 1, 0, 0, 31, 250_000, UTC)
    table = pa.table(
        {
            "local": pa.array([moment.replace(tzinfo=None)], pa.timestamp("ns")),
            "zoned": pa.array([moment], pa.timestamp("us", "Europe/Berlin")),
            "day": pa.array([date(2018, 4, 1)]),
            "price": pa.array([Decimal("12.50")], pa.decimal128(10, 2)),
            "name": pa.array(["ä"]).dictionary_encode(),
            "nothing": pa.array([None], pa.string()),
            "not_a_number": pa.array([float("nan")]),
            "attributes": pa.array([[("colour", "red")]], pa.map_(pa.string(), pa.string())),
            "nested": pa.array([{"tags": ["a", "b"], "cost": Decimal("1.5")}]),
        }
    )
    path = tmp_path / "rows.parquet"
    pq.write_table(table, path)
    (value,) = next(read_rows(path))
    assert json.loads(value) == {
        "local": "2018-04-01T00:00:31.250Z",
        "zoned": "2018-04-01T00:00:31.250Z",
        "day": "2018-04-01",
        "price": 12.5,
        "name": "ä",
        "nothing": None,
        "not_a_number": None,
        "attributes": {"colour": "red"},
        "nested": {"tags": ["a", "b"], "cost": "1.5"},
    }


@pytest.mark.parametrize("first", [0, 11, 12, 13, 36, 50])
def test_rows_before_the_first_are_not_given(tmp_path: Path, first: int) -> None:
    path = tmp_path / "rows.parquet"
    pq.write_table(pa.table({"n": list(range(50))}), path, row_group_size=12)
    assert count_rows(path) == 50
    assert [json.loads(row)["n"] for some in read_rows(path, first) for row in some] == list(range(first, 50))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("absent.jsonl", None, "absent.jsonl: no such file"),
        ("data.csv", b"a,b\n", r"data.csv: not one of .jsonl, .jsonl.zst, .parquet"),
        ("x.jsonl.zst", b"not compressed", "x.jsonl.zst: not a whole Zstandard file"),
        ("x.jsonl.zst", zstandard.compress(b"text\n" * 1_000)[:-9], "x.jsonl.zst: the compressed file is cut off"),
        ("x.parquet", b"not Parquet at all", "x.parquet: not a Parquet file"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, name: str, content: bytes | None, message: str) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UserError, match=message):
        read_all(FileInput({"topic": path}).open("topic", 0))


def test_a_directory_in_place_of_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "events.jsonl").mkdir()
    with pytest.raises(UserError, match=r"events.jsonl: not a file"):
        FileInput({"topic": tmp_path / "events.jsonl"})


@pytest.mark.parametrize("bad", [ReadRange(start=AtTime(DAY)), ReadRange(end=AtTime(DAY))])
def test_a_file_has_no_times_of_arrival(tmp_path: Path, bad: ReadRange) -> None:
    with pytest.raises(UserError, match="select by event time"):
        FileInput({"topic": tmp_path / "events.jsonl"}, bad)


@pytest.mark.parametrize("torn", [b"{", b'{"update_id":"id-2"}', b"x" * 200_000])
def test_a_line_that_a_killed_writer_left_torn_is_cut_off(tmp_path: Path, torn: bytes) -> None:
    output = FileOutput(tmp_path)
    partition = output.open("topic", 0)
    partition.append([record(0), record(1)])
    end = partition.flush()
    partition.close()
    with (tmp_path / "topic.jsonl").open("ab") as file:
        file.write(torn)
    again = output.open("topic", 0)
    assert again.end() == end
    again.append([record(2)])
    assert list(again.scan(0)) == ["id-0", "id-1", "id-2"]
    again.close()


def test_a_file_with_nothing_but_a_torn_line_is_emptied(tmp_path: Path) -> None:
    (tmp_path / "topic.jsonl").write_bytes(b"{" * 100_000)
    assert FileOutput(tmp_path).open("topic", 0).end() == 0


@pytest.mark.parametrize(("field", "id"), [("update_id", "u"), ("action_id", "a"), ("letter_id", "l")])
def test_an_id_is_read_from_the_value_of_each_kind_of_result(tmp_path: Path, field: str, id: str) -> None:
    (tmp_path / "topic.jsonl").write_text(json.dumps({"event_id": "e", field: id}) + "\n")
    assert list(FileOutput(tmp_path).open("topic", 0).scan(0)) == [id]


@pytest.mark.parametrize("line", [b"{}\n", b"text\n", b"[1]\n", b"7\n", b"\n"])
def test_a_file_of_something_else_is_not_taken_for_results(tmp_path: Path, line: bytes) -> None:
    (tmp_path / "topic.jsonl").write_bytes(line)
    with pytest.raises(DataLostError, match=r"topic.jsonl: a line without update_id, risk_id, .*, letter_id in"):
        list(FileOutput(tmp_path).open("topic", 0).scan(0))


def test_an_offset_within_a_line_is_refused(tmp_path: Path) -> None:
    partition = FileOutput(tmp_path).open("topic", 0)
    partition.append([record(0)])
    with pytest.raises(DataLostError, match="no line begins at byte 5"):
        list(partition.scan(5))
    partition.close()


def test_a_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="file/within: cannot write into this directory"):
        FileOutput(tmp_path / "file" / "within")


def test_an_output_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    (tmp_path / "topic.jsonl").mkdir()
    with pytest.raises(UserError, match=r"topic.jsonl: cannot be written"):
        FileOutput(tmp_path).open("topic", 0)
