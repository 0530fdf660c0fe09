"""Lines of a file, plain or compressed with Zstandard, read some at a time from a given line on."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import zstandard

from dataflows.connectors.base import DataLostError
from dataflows.errors import UserError

_CHUNK: Final = 1024 * 1024
_COMPRESSED_CHUNK: Final = 128 * 1024
"""Smaller: what comes out of one may be many times as long."""


def read_lines(path: Path, first: int = 0) -> Iterator[list[bytes]]:
    """The lines from number `first` on (0 is the first of the file), without their ends, some at a time.

    A last line without an end counts. Raises UserError for a file that cannot be read or is not whole, DataLostError
    where it has fewer than `first` lines.
    """
    missing = first
    for lines in _lines(path):
        if missing >= len(lines):
            missing -= len(lines)
        else:
            yield lines[missing:]
            missing = 0
    if missing:
        raise DataLostError(f"{path}: cannot go on from line {first}, the file has only {first - missing}")


def count_lines(path: Path) -> int:
    """How many lines a file has. Raises UserError like read_lines."""
    return sum(map(len, _lines(path)))


def _lines(path: Path) -> Iterator[list[bytes]]:
    rest = b""
    for chunk in _decompressed(path) if path.suffix == ".zst" else _chunks(path, _CHUNK):
        lines = (rest + chunk).split(b"\n")
        rest = lines.pop()
        yield lines
    if rest:
        yield [rest]


def _chunks(path: Path, size: int) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            while chunk := file.read(size):
                yield chunk
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from None


def _decompressed(path: Path) -> Iterator[bytes]:
    frame = None  # a file may hold several, one after another
    for data in _chunks(path, _COMPRESSED_CHUNK):
        while data:
            frame = frame or zstandard.ZstdDecompressor().decompressobj()
            try:
                yield frame.decompress(data)
            except zstandard.ZstdError as error:
                raise UserError(f"{path}: not a whole Zstandard file: {error}") from None
            data, frame = (frame.unused_data, None) if frame.eof else (b"", frame)
    if frame is not None:
        raise UserError(f"{path}: the compressed file is cut off; copy it again")
