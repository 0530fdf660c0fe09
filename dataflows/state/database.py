"""One key group on disk: a RocksDB that the tables of all steps share, each under a prefix of its own."""

from collections.abc import Iterator
from pathlib import Path

from rocksdict import BlockBasedOptions, Cache, DBCompressionType, Options, Rdict, WriteBatch, WriteBufferManager

from dataflows.state.errors import RESTORE, StateDamagedError, StateLockedError
from dataflows.state.records import RecordError, seal, unseal

_BLOCK_CACHE_BYTES = 16 << 20
_WRITE_BUFFER_BYTES = 32 << 20
_ARENA_BYTES = 64 << 10
_BLOOM_BITS_PER_KEY = 10


def group_options() -> Options:
    """RocksDB's options for the groups of a process; they share one block cache and one budget of write buffers."""
    tables = BlockBasedOptions()
    tables.set_block_cache(Cache(_BLOCK_CACHE_BYTES))
    tables.set_bloom_filter(_BLOOM_BITS_PER_KEY, block_based=False)
    tables.set_format_version(5)
    options = Options(raw_mode=True)
    options.create_if_missing(True)
    options.set_block_based_table_factory(tables)
    options.set_write_buffer_manager(WriteBufferManager(_WRITE_BUFFER_BYTES, allow_stall=False))
    options.set_arena_block_size(_ARENA_BYTES)  # the default would take 1 MiB a group at once
    options.set_compression_type(DBCompressionType.none())  # packed numbers hardly shrink, and reads would cost more
    options.set_keep_log_file_num(1)
    options.set_stats_dump_period_sec(0)
    options.set_skip_stats_update_on_db_open(True)
    return options


class Changes:
    """Writes that take effect together."""

    def __init__(self) -> None:
        self.batch = WriteBatch(raw_mode=True)

    def put(self, key: bytes, payload: bytes) -> None:
        """Write a payload, sealed."""
        self.batch.put(key, seal(key, payload))

    def delete(self, key: bytes) -> None:
        """Delete a key, there or not."""
        self.batch.delete(key)

    def delete_all(self, prefix: bytes) -> None:
        """Delete every key under a prefix; text and numbers behind it never begin with 0xFF."""
        self.batch.delete_range(prefix, prefix + b"\xff")


class GroupDatabase:
    """Sealed records by key, open in one process at a time (RocksDB holds the lock).

    Writes outlive the process at once, but are not synced: after a power loss the last ones may be missing.
    """

    def __init__(self, path: Path, options: Options) -> None:
        self.path = path
        try:
            self._rocks = Rdict(str(path), options)
        except Exception as error:  # rocksdict raises nothing narrower
            if f"{path}/LOCK" in str(error):
                raise StateLockedError(
                    f"{path} is open in another process: stop that one first, or set another state directory"
                ) from error
            raise StateDamagedError(f"{path} can't be opened: {error}; {RESTORE}") from error

    def get(self, key: bytes) -> bytes | None:
        """The payload under a key, None when absent. Raises StateDamagedError."""
        try:
            record = self._rocks.get(key)
        except Exception as error:
            raise self._damaged(key, error) from error
        return None if record is None else self._unsealed(key, record)

    def scan(self, prefix: bytes, after: bytes) -> Iterator[tuple[bytes, bytes]]:
        """Keys under `prefix` with their payloads, in order, behind the key `after`. Raises StateDamagedError."""
        cursor = self._rocks.iter()
        key = after
        cursor.seek(after)
        while cursor.valid():
            key = cursor.key()
            if not key.startswith(prefix):
                return
            if key != after:
                yield key, self._unsealed(key, cursor.value())
            cursor.next()
        try:
            cursor.status()
        except Exception as error:
            raise self._damaged(key, error) from error

    def write(self, changes: Changes) -> None:
        """All changes or none, also where the process dies."""
        self._rocks.write(changes.batch)

    def close(self) -> None:
        """Release the lock."""
        self._rocks.close()

    def _unsealed(self, key: bytes, record: bytes) -> bytes:
        try:
            return unseal(key, record)
        except RecordError as error:
            raise self._damaged(key, error) from error

    def _damaged(self, key: bytes, error: Exception) -> StateDamagedError:
        table, _, name = key.partition(b"\0")
        where = f"{self.path}: table {table.decode()!r}, record {name.decode(errors='replace')!r}"
        return StateDamagedError(f"{where} is damaged: {error}; {RESTORE}")
