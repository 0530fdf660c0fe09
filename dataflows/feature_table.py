"""Features as a Parquet file: a row for each event, written as they come."""

from array import array
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from dataflows.errors import UserError
from dataflows.new_file import new_file
from operators.features import FeatureSet
from operators.packs import Enriched

VERSION: Final = b"sealwax.features"
"""Where the file's metadata has the version of the feature set."""

_ROWS: Final = 50_000
"""Of a row group: so many are in memory at once."""

_TIME: Final = pa.timestamp("ms", "UTC")
_OF_EVENT: Final = {"event_id": pa.string(), "event_time": _TIME, "user_id": pa.string()}
_CAPPED: Final = pa.field("capped", pa.list_(pa.string()), nullable=False)


class FeatureTable:
    """A Parquet file that is being written."""

    def __init__(self, path: Path, schema: pa.Schema, writer: pq.ParquetWriter) -> None:
        self._path = path
        self._schema = schema
        self._writer = writer

    def write(self, enriched: Iterable[Enriched]) -> int:
        """A row for each event, in their order; how many. Raises UserError where the file can't be written."""
        rows, remaining = 0, iter(enriched)
        while (batch := _batch(islice(remaining, _ROWS), self._schema)).num_rows:
            try:
                self._writer.write_batch(batch)
            except OSError as error:
                raise UserError(f"{self._path}: can't be written: {error.strerror or error}") from None
            rows += batch.num_rows
        return rows


@contextmanager
def new_feature_table(path: Path, features: FeatureSet) -> Iterator[FeatureTable]:
    """A new file of event_id, event_time, user_id, every feature (a float64, null where it is unknown) and capped: the
    names of the features that rest on more events of an entity than are kept one by one.

    It takes its name when it is whole. Raises UserError where it can't be made.
    """
    schema = _schema(path, features)
    with new_file(path) as file, pq.ParquetWriter(file, schema, compression="zstd") as writer:
        yield FeatureTable(path, schema, writer)


def _schema(path: Path, features: FeatureSet) -> pa.Schema:
    if path.suffix != ".parquet":
        raise UserError(f"{path}: features are written as Parquet: name a file *.parquet")
    if taken := {*_OF_EVENT, _CAPPED.name} & set(features.names):
        raise UserError(f"{path}: can't hold the feature {min(taken)}: a column of the event has this name; rename it")
    fields = [pa.field(name, kind, nullable=False) for name, kind in _OF_EVENT.items()]
    fields += [pa.field(name, pa.float64()) for name in features.names]
    return pa.schema([*fields, _CAPPED], {VERSION: features.version.encode()})


def _batch(enriched: Iterable[Enriched], schema: pa.Schema) -> pa.RecordBatch:
    event_ids, user_ids, times, values = list[str](), list[str](), array("q"), array("d")
    capped: list[tuple[str, ...]] = []
    for one in enriched:
        event = one.arrival.event
        event_ids.append(event.event_id)
        user_ids.append(event.user_id)
        times.append(event.event_time)
        values.extend(one.features)
        capped.append(one.capped)
    features = np.array(values).reshape(len(event_ids), len(schema) - len(_OF_EVENT) - 1).T
    arrays: list[pa.Array[Any]] = [
        pa.array(event_ids, pa.string()),
        pa.array(np.array(times, "datetime64[ms]"), _TIME),
        pa.array(user_ids, pa.string()),
        *(pa.array(column, from_pandas=True) for column in features),  # NaN becomes null
        pa.array(capped, _CAPPED.type),
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)
