"""A directory as an output: each topic is a JSON Lines file, `<topic>.jsonl`, and an offset is a position in bytes."""

import os
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

import orjson

from dataflows.connectors.base import DataLostError, DeliveryError, OutputRecord
from dataflows.errors import UserError

_ID_FIELDS: Final = ("update_id", "risk_id", "action_id", "record_id", "letter_id")
"""Where a value holds its record's id; a file has no headers."""

_TAIL: Final = 64 * 1024


class FileOutput:
    """An OutputLog of files in a directory; every topic has one partition."""

    def __init__(self, directory: Path) -> None:
        """Make `directory` if it does not exist. Raises UserError where that is not possible."""
        self._directory = directory
        self._open: list[FileOutputPartition] = []
        try:
            directory.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(f"{directory}: cannot write into this directory: {error.strerror}") from None

    def partitions(self, topic: str) -> int:
        return 1

    def end(self, topic: str, partition: int) -> int:
        with closing(self.open(topic, partition)) as opened:
            return opened.end()

    def open(self, topic: str, partition: int) -> "FileOutputPartition":
        opened = FileOutputPartition(self._directory / f"{topic}.jsonl")
        self._open.append(opened)
        return opened

    def close(self) -> None:
        for partition in self._open:
            partition.close()


class FileOutputPartition:
    """An OutputPartition that is a file of lines."""

    def __init__(self, path: Path) -> None:
        """Open or make the file, and cut off a last line that a killed writer left torn."""
        self.name = str(path)
        self._path = path
        try:
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        except OSError as error:
            raise UserError(f"{path}: cannot be written: {error.strerror}") from None
        self._next = _end_of_lines(self._file)
        os.ftruncate(self._file, self._next)

    def append(self, records: Sequence[OutputRecord]) -> None:
        left = memoryview(b"".join([record.value + b"\n" for record in records]))
        self._next += len(left)
        try:
            while left:
                left = left[os.write(self._file, left) :]
        except OSError as error:
            raise DeliveryError(f"{self.name}: a record was not written: {error.strerror}") from None

    def flush(self) -> int:
        try:
            os.fsync(self._file)
        except OSError as error:
            raise DeliveryError(f"{self.name}: what was written may be lost: {error.strerror}") from None
        return self._next

    def end(self) -> int:
        return self._next

    def scan(self, start: int) -> Iterator[str]:
        with self._path.open("rb") as file:
            if start:
                file.seek(start - 1)
                if file.read(1) != b"\n":
                    raise DataLostError(f"{self.name}: no line begins at byte {start}; the file is not as it was left")
            for line in file:
                yield _id(line, self.name)

    def close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


def _end_of_lines(file: int) -> int:
    """The offset after the last line that has an end."""
    end = os.fstat(file).st_size
    while end:
        begin = max(0, end - _TAIL)
        found = os.pread(file, end - begin, begin).rfind(b"\n")
        if found >= 0:
            return begin + found + 1
        end = begin
    return 0


def _id(line: bytes, name: str) -> str:
    try:
        value = orjson.loads(line)
        return next(str(value[field]) for field in _ID_FIELDS if field in value)
    except (ValueError, TypeError, StopIteration):
        raise DataLostError(
            f"{name}: a line without {', '.join(_ID_FIELDS)} in a file of results. "
            "Let results be written into a directory that holds nothing else"
        ) from None
