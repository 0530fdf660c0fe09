"""Tables in, events and labels out."""

from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dataflows.errors import UserError
from dataflows.importing.importer import BadRow

from .conftest import EXAMPLES, ImportTables

PLAIN = """
[event]
event_id = "shop-{ID}"
event_type = { column = "KIND", values = { P = "payment", L = "login" } }
event_time = { column = "TIME", zone = "UTC" }
user_id = "USER"
amount = "AMOUNT"

[label]
column = "BAD"
values = { 1 = "fraud", 0 = "legitimate" }
delay = "2d"
source = "bank"
"""
HEADER = "ID,KIND,TIME,USER,AMOUNT,BAD\n"


def csv_file(folder: Path, text: str, name: str = "table.csv") -> Path:
    path = folder / name
    path.write_text(text, "utf-8")
    return path


def test_a_csv_with_its_own_codes_commas_and_local_times(tmp_path: Path, import_tables: ImportTables) -> None:
    table = csv_file(
        tmp_path,
        "Nummer;Art;Zeitpunkt;Kunde;Händler;Betrag;Status;Kanal;Rückbuchung\n"
        "4711;K;31.01.2026 18:05;K-17;H-3;1299,90;ok;app;ja\n"
        "0042;R;31.07.2026 18:05;K-17;H-3;;offen;;nein\n",
    )
    result = import_tables(EXAMPLES / "shop-csv.toml", table)
    assert result.bad == []
    assert result.events == [
        {
            "event_id": "shop-4711",
            "event_type": "payment",
            "event_time": "2026-01-31T17:05:00.000Z",
            "user_id": "K-17",
            "order_id": "4711",
            "amount": 1299.9,
            "currency": "EUR",
            "merchant_id": "H-3",
            "outcome": "approved",
            "attributes": {"channel": "app"},
        },
        {
            "event_id": "shop-0042",
            "event_type": "refund",
            "event_time": "2026-07-31T16:05:00.000Z",
            "user_id": "K-17",
            "order_id": "0042",
            "currency": "EUR",
            "merchant_id": "H-3",
            "outcome": "declined",
        },
    ]
    assert result.labels == [
        {
            "event_id": "shop-4711",
            "user_id": "K-17",
            "label": "fraud",
            "label_time": "2026-03-02T17:05:00.000Z",
            "source": "chargeback",
        }
    ]


def test_parquet_and_csv_give_the_same(tmp_path: Path, import_tables: ImportTables) -> None:
    times = [datetime(2026, 1, 1, 8, 30, 0, 123_456), datetime(2026, 1, 2)]  # noqa: DTZ001 - naive, as tables have them
    columns = {
        "ID": [1, 2], "KIND": ["P", "L"], "USER": [7.0, 8.0], "AMOUNT": [1.25, float("nan")], "BAD": [True, None],
        "TIME": pa.array(times, pa.timestamp("ns")),
    }  # fmt: skip
    pq.write_table(pa.table(columns), tmp_path / "table.parquet")
    table = csv_file(tmp_path, HEADER + "1,P,2026-01-01T08:30:00.123456,7,1.25,true\n2,L,2026-01-02,8,,\n")
    mapping = PLAIN.replace("1 =", "true =").replace("0 =", "false =")
    from_parquet, from_csv = (import_tables(mapping, path) for path in (tmp_path / "table.parquet", table))
    assert from_parquet == from_csv
    assert [event["user_id"] for event in from_csv.events] == ["7", "8"]
    assert [event["event_time"] for event in from_csv.events] == [
        "2026-01-01T08:30:00.123Z",
        "2026-01-02T00:00:00.000Z",
    ]
    assert "amount" not in from_csv.events[1]


@pytest.mark.parametrize(
    ("time", "said"),
    [
        ('{ column = "TIME", format = "epoch_s" }', ["1767225600", "1767225600.5"]),
        ('{ column = "TIME", format = "epoch_ms" }', ["1767225600000", "1767225600500"]),
        ('"TIME"', ["2026-01-01T00:00:00Z", "2026-01-01T01:00:00.500+01:00"]),
        (
            '{ column = "TIME", format = "%d/%m/%Y %H.%M.%S.%f", zone = "America/New_York" }',
            ["31/12/2025 19.00.00.0", "31/12/2025 19.00.00.5"],
        ),
    ],
)
def test_forms_of_time(time: str, said: list[str], tmp_path: Path, import_tables: ImportTables) -> None:
    table = csv_file(tmp_path, HEADER + "".join(f"{i},P,{text},u,1,\n" for i, text in enumerate(said)))
    result = import_tables(PLAIN.replace('{ column = "TIME", zone = "UTC" }', time), table)
    assert [event["event_time"] for event in result.events] == ["2026-01-01T00:00:00.000Z", "2026-01-01T00:00:00.500Z"]


def test_zoned_timestamps_and_dates_of_parquet(tmp_path: Path, import_tables: ImportTables) -> None:
    moment = datetime(2026, 1, 1, 12, tzinfo=UTC)
    for number, times in enumerate(
        [pa.array([moment], pa.timestamp("ms", "Asia/Tokyo")), pa.array([date(2026, 1, 1)])]
    ):
        table = pa.table({"ID": [number], "KIND": ["P"], "USER": ["u"], "AMOUNT": [1], "BAD": [0], "TIME": times})
        pq.write_table(table, tmp_path / f"{number}.parquet")
    result = import_tables(PLAIN, tmp_path / "0.parquet", tmp_path / "1.parquet")
    assert [event["event_time"] for event in result.events] == ["2026-01-01T00:00:00.000Z", "2026-01-01T12:00:00.000Z"]


def test_output_is_in_time_order_and_ties_stay_as_they_came(tmp_path: Path, import_tables: ImportTables) -> None:
    one = csv_file(tmp_path, HEADER + "1,P,2026-01-03,u,1,1\n2,P,2026-01-01,u,1,0\n", "one.csv")
    two = csv_file(tmp_path, HEADER + "3,P,2026-01-03,u,1,1\n4,P,2026-01-02,u,1,\n", "two.csv")
    result = import_tables(PLAIN, one, two)
    assert [event["event_id"] for event in result.events] == ["shop-2", "shop-4", "shop-1", "shop-3"]
    assert [label["event_id"] for label in result.labels] == ["shop-2", "shop-1", "shop-3"]
    assert result.counts.out_of_order == 2


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("1,X,2026-01-01,u,1,0", "event_type: values names no 'X'; add it, or say otherwise (column KIND)"),
        (
            "1,P,yesterday,u,1,0",
            "event_time: 'yesterday' is not an ISO 8601 time; see format in the mapping (column TIME)",
        ),
        ("1,P,,u,1,0", "event_time: Field required (TIME = '')"),
        ("1,P,1970-01-01,u,1,0", "event_time: must lie between 2000-01-01 and 2100-01-01 (TIME = '1970-01-01')"),
        ("1,P,2026-01-01,,1,0", "user_id: Field required (USER = '')"),
        (",P,2026-01-01,u,1,0", "event_id: Field required (ID = '')"),
        ('1,P,2026-01-01,u,"1,5",0', "amount: '1,5' is no number with a decimal point (column AMOUNT)"),
        ("1,P,2026-01-01,u,1e999,0", "amount: '1e999' is no number with a decimal point (column AMOUNT)"),
        ("1,P,2026-01-01,u,-1,0", "amount: Input should be greater than or equal to 0 (AMOUNT = '-1')"),
        ("1,P,2026-01-01,u", "has 4 cells where the first line names 6 columns"),
        ("1,P,2099-12-31,u,1,0", "label_time: must lie between 2000-01-01 and 2100-01-01"),
    ],
)
def test_a_bad_row_is_told_and_the_good_ones_go_on(
    row: str, reason: str, tmp_path: Path, import_tables: ImportTables
) -> None:
    table = csv_file(tmp_path, HEADER + "0,P,2025-01-01,u,1,0\n" + row + "\n\n9,P,2026-01-02,u,1,0\n")
    result = import_tables(PLAIN, table)
    assert result.bad == [BadRow(table, "line 3", reason)]
    assert [event["event_id"] for event in result.events] == ["shop-0", "shop-9"]
    assert (result.counts.events, result.counts.labels, result.counts.bad) == (2, 2, 1)


def test_bytes_that_are_no_text(tmp_path: Path, import_tables: ImportTables) -> None:
    table = tmp_path / "table.csv"
    table.write_bytes(HEADER.encode() + b"1,P,2026-01-01,\xff\xfe,1,0\n2,P,2026-01-01,u,1,0\n")
    result = import_tables(PLAIN, table)
    assert [bad.reason for bad in result.bad] == [
        "holds bytes that are no text in the encoding of [csv]; name the file's own"
    ]
    assert result.counts.events == 1


def test_another_encoding_than_the_mapping_names(tmp_path: Path, import_tables: ImportTables) -> None:
    table = csv_file(tmp_path, HEADER)
    with pytest.raises(UserError, match=r"table\.csv: .*name the file's own encoding in \[csv\]"):
        import_tables(PLAIN + "[csv]\nencoding = 'utf-16'", table)


def test_a_column_that_is_missing(tmp_path: Path, import_tables: ImportTables) -> None:
    table = csv_file(tmp_path, HEADER.replace("AMOUNT", "AMUONT") + "1,P,2026-01-01,u,1,0\n")
    with pytest.raises(
        UserError, match=r"table\.csv: has no column 'AMOUNT', named by \[event\] amount: did you mean 'AMUO"
    ):
        import_tables(PLAIN, table)
    assert list(tmp_path.glob("*.jsonl*")) == []


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        ("empty.csv", b"", "is empty; its first line must name the columns"),
        ("twice.csv", b"ID,ID\n", "several columns are called 'ID'"),
        ("none.parquet", b"ID,KIND", "is not a readable Parquet file"),
        ("table.xlsx", b"", r"import reads \.csv, \.tsv and \.parquet files"),
        ("absent.csv", None, "can't be read: No such file or directory"),
    ],
)
def test_a_file_that_is_no_table(
    name: str, content: bytes | None, complaint: str, tmp_path: Path, import_tables: ImportTables
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError, match=f"{name}: {complaint}"):
        import_tables(PLAIN, tmp_path / name)
