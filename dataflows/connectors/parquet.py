"""Rows of a Parquet file as JSON objects, read some at a time from a given row on."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from dataflows.connectors.base import DataLostError
from dataflows.errors import UserError

_ROWS: Final = 2_000
_RFC_3339: Final = "%Y-%m-%dT%H:%M:%SZ"


def read_rows(path: Path, first: int = 0) -> Iterator[list[bytes]]:
    """The rows from number `first` on (0 is the first of the file), each as a JSON object, some at a time.

    Timestamps become RFC 3339 in UTC with milliseconds, those without a zone taken as UTC. Raises UserError for a file
    that cannot be read or a column that JSON cannot hold, DataLostError where it has fewer than `first` rows.
    """
    try:
        with pq.ParquetFile(path) as file:
            _check_columns(path, file.schema_arrow)
            if first > file.metadata.num_rows:
                raise DataLostError(
                    f"{path}: cannot go on from row {first}, the file has only {file.metadata.num_rows}"
                )
            groups, before = _groups_from(file.metadata, first)
            for batch in file.iter_batches(_ROWS, row_groups=groups):
                missing = max(0, first - before)
                before += batch.num_rows
                if missing < batch.num_rows:
                    yield _json_rows(batch.slice(missing))
    except (pa.ArrowException, OSError) as error:
        raise UserError(f"{path}: not a Parquet file that can be read: {error}") from None


def count_rows(path: Path) -> int:
    """How many rows a file has. Raises UserError for one that cannot be read."""
    try:
        with pq.ParquetFile(path) as file:
            count: int = file.metadata.num_rows
    except (pa.ArrowException, OSError) as error:
        raise UserError(f"{path}: not a Parquet file that can be read: {error}") from None
    return count


def _groups_from(metadata: pq.FileMetaData, first: int) -> tuple[list[int], int]:
    """The row groups that hold rows from `first` on, and how many rows lie before them."""
    before = 0
    for group in range(metadata.num_row_groups):
        rows = metadata.row_group(group).num_rows
        if before + rows > first:
            return list(range(group, metadata.num_row_groups)), before
        before += rows
    return [], before


def _check_columns(path: Path, schema: pa.Schema) -> None:
    for field in schema:
        kind = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
        if pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind):
            raise UserError(f"{path}: column {field.name!r} holds bytes, which JSON cannot; write it as text")


def _json_rows(batch: pa.RecordBatch) -> list[bytes]:
    names = batch.schema.names
    columns = [_values(column) for column in batch.columns]
    return [orjson.dumps(dict(zip(names, row, strict=True)), default=_plain) for row in zip(*columns, strict=True)]


def _values(column: Any) -> list[Any]:
    if pa.types.is_timestamp(column.type):
        zone = None if column.type.tz is None else "UTC"
        column = pc.strftime(column.cast(pa.timestamp("ms", zone), safe=False), _RFC_3339)
    elif pa.types.is_decimal(column.type):
        column = column.cast(pa.float64())
    values: list[Any] = column.to_pylist()
    if pa.types.is_map(column.type):
        values = [None if pairs is None else dict(pairs) for pairs in values]
    return values


def _plain(value: object) -> object:
    """What JSON can hold instead of a value that stands within another (a decimal in a struct)."""
    return str(value)
