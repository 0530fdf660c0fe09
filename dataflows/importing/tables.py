"""Tables as rows of cells, read as a stream: CSV and Parquet files."""

import csv
import difflib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TextIO, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from dataflows.errors import UserError
from dataflows.importing.convert import Row
from dataflows.importing.mapping import CsvDialect

BATCH_ROWS = 16_384
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Table:
    """A file's rows, each with where it stands: its line in a CSV file, its number from 1 in a Parquet file.

    In place of a row that can't be read stands the reason.
    """

    columns: tuple[str, ...]
    unit: str
    rows: Iterator[tuple[int, Row | str]]


@contextmanager
def open_table(path: Path, wanted: Mapping[str, str], dialect: CsvDialect) -> Iterator[Table]:
    """A file's rows with the wanted columns (each with who wants it) and perhaps others.

    Raises UserError where the file can't be read as what its suffix says, or lacks a column; so do its rows.
    """
    with ExitStack() as stack:
        with _told(path):
            if _is_parquet(path):
                file = stack.enter_context(pq.ParquetFile(path))
                _check_columns(path, file.schema_arrow.names, wanted)
                table = _parquet(file, list(wanted))
            else:
                text = path.open(encoding=dialect.encoding, errors="surrogateescape", newline="")
                table = _csv(path, stack.enter_context(text), dialect.delimiter)
                _check_columns(path, table.columns, wanted)
        yield replace(table, rows=_telling(path, table.rows))


def count_rows(path: Path) -> int:
    """How many rows a file has, exactly for Parquet; lines but the first for CSV. Raises UserError as open_table."""
    with _told(path):
        if _is_parquet(path):
            return pq.read_metadata(path).num_rows
        with path.open("rb") as file:
            return sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b"")) - 1


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Turns what can go wrong with a file into the user's error."""
    try:
        yield
    except OSError as error:
        raise UserError(f"{path}: can't be read: {error.strerror or error}") from None
    except pa.ArrowException as error:
        raise UserError(f"{path}: is not a readable Parquet file: {error}") from None
    except csv.Error as error:
        raise UserError(f"{path}: is not CSV: {error}") from None
    except UnicodeError as error:
        raise UserError(f"{path}: {error}; name the file's own encoding in [csv]") from None


def _telling(path: Path, rows: Iterator[T]) -> Iterator[T]:
    with _told(path):
        yield from rows


def _is_parquet(path: Path) -> bool:
    if path.suffix not in (".csv", ".tsv", ".parquet"):
        raise UserError(f"{path}: import reads .csv, .tsv and .parquet files; convert it to one of these")
    return path.suffix == ".parquet"


def _check_columns(path: Path, columns: Sequence[str], wanted: Mapping[str, str]) -> None:
    for column, place in wanted.items():
        if column not in columns:
            near = difflib.get_close_matches(column, columns, 1)
            hint = f"did you mean {near[0]!r}?" if near else f"it has {', '.join(columns)}"
            constant = f' (a constant is {{ constant = "{column}" }})' if place.startswith("[event]") else ""
            raise UserError(f"{path}: has no column {column!r}, named by {place}: {hint}{constant}")


def _parquet(file: pq.ParquetFile, columns: list[str]) -> Table:
    def rows() -> Iterator[tuple[int, Row | str]]:
        before = 0
        for batch in file.iter_batches(BATCH_ROWS, columns=columns):
            yield from enumerate(zip(*map(_cells, batch.columns), strict=True), before + 1)
            before += batch.num_rows

    return Table(tuple(columns), "row", rows())


def _cells(column: "pa.Array[Any]") -> Sequence[object]:
    if pa.types.is_timestamp(column.type):  # Python's datetime has no nanoseconds
        column = column.cast(pa.timestamp("us", column.type.tz), safe=False)
    return column.to_pylist()


def _csv(path: Path, text: TextIO, delimiter: str) -> Table:
    reader = csv.reader(text, delimiter=delimiter)
    try:
        header = next(reader)
    except StopIteration:
        raise UserError(f"{path}: is empty; its first line must name the columns") from None
    columns = tuple(name.strip() for name in header)
    if twice := {name for name in columns if columns.count(name) > 1}:
        raise UserError(f"{path}: several columns are called {sorted(twice)[0]!r}")

    def rows() -> Iterator[tuple[int, Row | str]]:
        while True:
            try:
                row = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield reader.line_num, f"is not CSV: {error}"
                continue
            if len(row) == len(columns):
                yield reader.line_num, row
            elif row:
                yield reader.line_num, f"has {len(row)} cells where the first line names {len(columns)} columns"

    return Table(columns, "line", rows())
