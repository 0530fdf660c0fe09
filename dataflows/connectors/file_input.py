"""Files as an input: each is a topic of one partition, and a record's offset is the number of its line or row.

A file is read as it is found, to its end, and then there is nothing more: a file that still grows belongs into a topic.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from dataflows.connectors.base import AtOffsets, AtTime, InputRecord, ReadRange, TopicPartition
from dataflows.connectors.lines import count_lines, read_lines
from dataflows.connectors.parquet import count_rows, read_rows
from dataflows.errors import UserError

SUFFIXES: Final = (".jsonl", ".jsonl.zst", ".parquet")


class FileInput:
    """An InputLog of one file for each topic."""

    errors = 0
    last_error = ""

    def __init__(self, files: Mapping[str, Path], read_range: ReadRange | None = None) -> None:
        """`files` gives each topic's file. Raises UserError for one that is not there, and for a range by time."""
        self._files = files
        self._range = read_range or ReadRange()
        if isinstance(self._range.start, AtTime) or isinstance(self._range.end, AtTime):
            raise UserError("a file keeps no time of arrival to read from or to; select by event time instead")
        for path in files.values():
            if not path.name.endswith(SUFFIXES):
                raise UserError(f"{path}: not one of {', '.join(SUFFIXES)}")
            if not path.is_file():
                raise UserError(f"{path}: {'not a file' if path.exists() else 'no such file'}")

    def partitions(self) -> list[TopicPartition]:
        return sorted((topic, 0) for topic in self._files)

    def open(self, topic: str, partition: int, position: int | None = None) -> "FileInputPartition":
        path = self._files[topic]
        if position is None:
            position = self._start(topic, path)
        rows = path.suffix == ".parquet"
        return FileInputPartition(
            read_rows(path, position) if rows else read_lines(path, position),
            position,
            total=count_rows(path) if rows else None,
            end=self._range.end.offsets.get((topic, 0)) if isinstance(self._range.end, AtOffsets) else None,
        )

    def _start(self, topic: str, path: Path) -> int:
        match self._range.start:
            case "latest":
                return count_rows(path) if path.suffix == ".parquet" else count_lines(path)
            case AtOffsets(offsets):
                return offsets.get((topic, 0), 0)
            case _:
                return 0

    def grown(self) -> bool:
        return False

    def close(self) -> None:
        pass


class FileInputPartition:
    """An InputPartition over the values that a file holds from a position on."""

    def __init__(self, values: Iterator[list[bytes]], position: int, *, total: int | None, end: int | None) -> None:
        self._chunks = values
        self._values: list[bytes] = []
        self._taken = 0
        self._total = total
        self._end = end
        self.position = position
        self.exhausted = False
        self._advance()

    def _advance(self) -> None:
        """Find the next value, or the end."""
        while self._taken == len(self._values) and not self.exhausted:
            self._values, self._taken = next(self._chunks, []), 0
            self.exhausted = not self._values
        if self._end is not None and self.position >= self._end:
            self.exhausted = True

    @property
    def at_end(self) -> bool:
        return self.exhausted

    @property
    def lag(self) -> int | None:
        if self.exhausted:
            return 0
        return None if self._total is None else self._total - self.position

    def read(self, most: int) -> list[InputRecord]:
        records: list[InputRecord] = []
        while len(records) < most and not self.exhausted:
            stop = self._taken + most - len(records)
            if self._end is not None:
                stop = min(stop, self._taken + self._end - self.position)
            values = self._values[self._taken : stop]
            numbered = enumerate(values, self.position)
            records += [
                InputRecord(offset, None, None, value) for offset, value in numbered if value
            ]  # not empty lines
            self._taken += len(values)
            self.position += len(values)
            self._advance()
        return records

    def close(self) -> None:
        self.exhausted = True
        self._values = []
