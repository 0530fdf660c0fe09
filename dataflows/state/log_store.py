"""A step's state in one key group: an index in memory over a log on disk.

An append writes one frame, a read is one `pread`. When most of a file was overwritten since, a new one is begun; each
append then takes along some records that are still in use in the old one, until that can be deleted. See ADR 3.
"""

import fcntl
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from zlib import crc32

from dataflows.state.errors import RESTORE, StateDamagedError, StateLockedError, StateLostError
from dataflows.state.index import MAX_RECORD_BYTES, VersionedIndex, unpack_location
from dataflows.state.log import Frame, LogFile
from dataflows.state.records import RecordError, seal, unseal

_FREE_BYTES = 1 << 20  # a log up to this size is left alone
_GARBAGE_RATIO = 2  # a log is cleaned when it is two to three times as long as what is in use, each table in its turn
_CLEANING_PACE = 1  # records taken along for each one that changes


class LogStore:
    """The GroupStore over a directory of log files, which is locked against other processes while it is open."""

    def __init__(self, path: Path) -> None:
        path.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._lock = _lock(path)
        self._garbage_ratio = _GARBAGE_RATIO + crc32("/".join(path.parts[-2:]).encode()) / (1 << 32)
        self._index = VersionedIndex()
        try:
            self._old, self._file = self._replayed(_log_files(path))
        except StateDamagedError:
            os.close(self._lock)
            raise
        self._begin_cleaning()

    @property
    def version(self) -> int:
        """The newest version."""
        return self._index.held[-1]

    def keys(self) -> list[str]:
        """All keys that have a value."""
        return list(self._index.locations)

    def get(self, key: str) -> bytes | None:
        """The newest value of a key, None when absent. Raises StateDamagedError."""
        location = self._index.locations.get(key)
        if location is None:
            return None
        try:
            return unseal(key, self._record(location))
        except RecordError as error:
            raise StateDamagedError(f"{self._path}: the record of {key!r} is damaged: {error}; {RESTORE}") from error

    def append(self, changes: Mapping[str, bytes | None]) -> int:
        """Write the changed values (None deletes) as the next version, in one atomic write; return its number."""
        version = self._index.following
        moved = self._taken_along(changes, 1 + _CLEANING_PACE * len(changes))
        parts: list[bytes] = list(moved.values())
        sizes = list(map(len, parts))
        for key, value in changes.items():
            if value is None:
                sizes.append(0)
            else:
                header = seal(key, value)
                parts += (header, value)
                sizes.append(len(header) + len(value))
        if sizes and max(sizes) > MAX_RECORD_BYTES:
            raise ValueError(f"{self._path}: a state of {max(sizes)} bytes, at most {MAX_RECORD_BYTES} can be stored")
        self._write(Frame(version, version + 1, False, [*moved, *changes], sizes), parts)
        self._change_files()
        return version

    def rollback(self, version: int | None) -> None:
        """Forget everything newer than `version`; None wipes the table. Raises StateLostError where it can't."""
        if version is not None and version not in self._index.held:
            held = ", ".join(map(str, self._index.held))
            raise StateLostError(
                f"{self._path} holds the versions {held}, the engine resumes from {version}: data was lost; {RESTORE}"
            )
        if (version or 0) != self.version:
            self._write(Frame(version or 0, self._index.following, back=True), ())
            self._begin_cleaning()

    def close(self) -> None:
        """Close the files and let another process open the table."""
        for file in filter(None, (self._old, self._file)):
            file.close()
        os.close(self._lock)

    def _replayed(self, files: list[LogFile]) -> tuple[LogFile | None, LogFile]:
        for file in files:
            for frame, offset in file.frames():
                self._index.apply(frame, offset, file.number)
        return (files[0] if len(files) > 1 else None), files[-1]

    def _record(self, location: int) -> bytes:
        offset, size, file_bit = unpack_location(location)
        file = self._old if self._old is not None and self._old.number & 1 == file_bit else self._file
        return file.read(offset, size)

    def _write(self, frame: Frame, parts: Sequence[bytes]) -> None:
        self._index.apply(frame, self._file.append(frame, parts), self._file.number)

    def _begin_cleaning(self) -> None:
        """Note what is in use in the old file, if there is one."""
        old_bit = None if self._old is None else self._old.number & 1
        locations = self._index.locations
        self._to_move = [key for key, location in locations.items() if location & 1 == old_bit]
        self._emptied_by: int | None = None

    def _taken_along(self, changes: Mapping[str, bytes | None], count: int) -> dict[str, bytes]:
        """The next `count` records of the old file, but for those that are no longer in use there."""
        if self._old is None or self._emptied_by is not None:
            return {}
        records = {}
        for key in self._to_move[-count:]:
            location = self._index.locations.get(key)
            if location is not None and location & 1 == self._old.number & 1 and key not in changes:
                records[key] = self._record(location)
        del self._to_move[-count:]
        if not self._to_move:
            self._emptied_by = self._index.following
        return records

    def _change_files(self) -> None:
        """Begin a new file when there is too much garbage; delete the old one when no version needs it."""
        if self._old is None:
            if self._file.end > self._garbage_ratio * self._index.used_bytes + _FREE_BYTES:
                self._old, self._file = self._file, _log_file(self._path, self._file.number + 1)
                self._begin_cleaning()
        elif self._emptied_by is not None and self._index.floor >= self._emptied_by:
            self._old.delete()
            self._old = None


def _log_file(path: Path, number: int) -> LogFile:
    return LogFile(path / f"{number:010d}.log", number)


def _log_files(path: Path) -> list[LogFile]:
    """The log's files in order: one, or one that is being emptied and the one that is written."""
    names = sorted(path.glob("[0-9]*.log"))
    if len(names) > 2:
        raise StateDamagedError(f"{path}: {len(names)} log files where at most 2 belong; {RESTORE}")
    return [LogFile(name, int(name.stem)) for name in names] or [_log_file(path, 1)]


def _lock(path: Path) -> int:
    """The descriptor that holds the lock on a directory; the system releases it with the process."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise StateLockedError(
            f"{path} is in use: stop the other process of this flow, or set another state directory"
        ) from error
    return descriptor
