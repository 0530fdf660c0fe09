"""The stores that lost, as short adapters: the versions as in LogStore's contract, over rows of another library.

The newest versions are kept as one row each of what they changed, older ones are folded into rows of their own; so a
rollback deletes a row or two. One database a key group, its tables under prefixes.
"""

import sqlite3
from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Protocol

import msgspec

from dataflows.state.records import seal, unseal
from dataflows.state.store import ROLLBACK_VERSIONS

Changes = Mapping[str, bytes | None]


class Rows(Protocol):
    """A database of rows."""

    def get(self, key: bytes) -> bytes | None: ...

    def write(self, rows: Iterable[tuple[bytes, bytes | None]]) -> None:
        """All or none; None deletes."""


class RowStore:
    """A GroupStore over Rows."""

    def __init__(self, rows: Rows, table: str) -> None:
        self._rows = rows
        self._table = table.encode()
        found = rows.get(self._table + b"@")
        self._floor, kept = msgspec.msgpack.decode(found) if found else (0, [])
        self._kept: dict[int, Changes] = {version: self._load(version) for version in kept}

    @property
    def version(self) -> int:
        return max(self._kept, default=self._floor)

    def keys(self) -> list[str]:
        raise NotImplementedError("not measured")

    def get(self, key: str) -> bytes | None:
        for changes in reversed(self._kept.values()):
            if key in changes:
                return changes[key]
        record = self._rows.get(self._table + b"=" + key.encode())
        return None if record is None else unseal(key, record)

    def append(self, changes: Changes) -> int:
        version = self.version + 1
        rows: list[tuple[bytes, bytes | None]] = [(self._row(version), msgspec.msgpack.encode(changes))]
        self._kept[version] = changes
        if len(self._kept) > ROLLBACK_VERSIONS:
            self._floor = next(iter(self._kept))
            for key, value in self._kept.pop(self._floor).items():
                rows.append((self._table + b"=" + key.encode(), None if value is None else seal(key, value) + value))
            rows.append((self._row(self._floor), None))
        self._rows.write([*rows, self._manifest()])
        return version

    def rollback(self, version: int | None) -> None:
        newer = [number for number in self._kept if version is None or number > version]
        for number in newer:
            del self._kept[number]
        self._rows.write([*((self._row(number), None) for number in newer), self._manifest()])

    def close(self) -> None:
        """Closed with the process."""

    def _load(self, version: int) -> Changes:
        return msgspec.msgpack.decode(self._rows.get(self._row(version)) or b"", type=dict[str, bytes | None])

    def _manifest(self) -> tuple[bytes, bytes]:
        return self._table + b"@", msgspec.msgpack.encode((self._floor, list(self._kept)))

    def _row(self, version: int) -> bytes:
        return self._table + b"+%d" % version


def rocksdb() -> Callable[[Path], Rows]:
    """RocksDB, tuned: no compression, bloom filters; all groups share 16 MiB of cache and 32 MiB of write buffers."""
    library = import_module("rocksdict")
    blocks = library.BlockBasedOptions()
    blocks.set_block_cache(library.Cache(16 << 20))
    blocks.set_bloom_filter(10, False)
    options = library.Options(raw_mode=True)
    options.set_block_based_table_factory(blocks)
    options.set_write_buffer_manager(library.WriteBufferManager(32 << 20, False))
    options.set_arena_block_size(64 << 10)
    options.set_compression_type(library.DBCompressionType.none())

    class RocksRows:
        def __init__(self, path: Path) -> None:
            self._database = library.Rdict(str(path), options)
            self.get = self._database.get

        def write(self, rows: Iterable[tuple[bytes, bytes | None]]) -> None:
            batch = library.WriteBatch(raw_mode=True)
            for key, value in rows:
                batch.delete(key) if value is None else batch.put(key, value)
            self._database.write(batch)

    return RocksRows


def lmdb() -> Callable[[Path], Rows]:
    """LMDB, not synced, written through its map, as fast as it gets."""
    library = import_module("lmdb")

    class LmdbRows:
        def __init__(self, path: Path) -> None:
            self._database = library.open(
                str(path), map_size=1 << 32, sync=False, metasync=False, writemap=True, readahead=False
            )

        def get(self, key: bytes) -> bytes | None:
            with self._database.begin() as transaction:
                value: bytes | None = transaction.get(key)
                return value

        def write(self, rows: Iterable[tuple[bytes, bytes | None]]) -> None:
            with self._database.begin(write=True) as transaction:
                for key, value in rows:
                    transaction.delete(key) if value is None else transaction.put(key, value)

    return LmdbRows


def sqlite() -> Callable[[Path], Rows]:
    """SQLite, write-ahead log, not synced."""

    class SqliteRows:
        def __init__(self, path: Path) -> None:
            self._database = sqlite3.connect(path, isolation_level=None)
            for statement in (
                "pragma journal_mode = wal",
                "pragma synchronous = off",
                "pragma cache_size = -512",
                "create table if not exists entries (key blob primary key, value blob)",
            ):
                self._database.execute(statement)

        def get(self, key: bytes) -> bytes | None:
            row = self._database.execute("select value from entries where key = ?", (key,)).fetchone()
            return bytes(row[0]) if row else None

        def write(self, rows: Iterable[tuple[bytes, bytes | None]]) -> None:
            rows = list(rows)
            self._database.execute("begin")
            self._database.executemany(
                "insert into entries values (?, ?) on conflict (key) do update set value = excluded.value",
                [row for row in rows if row[1] is not None],
            )
            self._database.executemany(
                "delete from entries where key = ?", [(key,) for key, value in rows if value is None]
            )
            self._database.execute("commit")

    return SqliteRows
