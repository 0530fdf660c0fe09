"""Writes JSON Lines files, plain (`.jsonl`) or compressed (`.jsonl.zst`), by suffix."""

from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedWriter, RawIOBase
from pathlib import Path
from typing import BinaryIO, cast

import zstandard

from dataflows.errors import UserError
from dataflows.new_file import new_file


@contextmanager
def open_lines(path: Path) -> Iterator[BinaryIO]:
    """A new file of lines; it takes its name when it is whole, so that half a file is never mistaken for one.

    Raises UserError where the suffix is another, or the file can't be made.
    """
    compressed = _is_compressed(path)
    with new_file(path) as file:
        if compressed:
            writer = zstandard.ZstdCompressor(level=3).stream_writer(file, closefd=False)
            with BufferedWriter(cast(RawIOBase, writer)) as buffered:
                yield buffered
        else:
            yield file


def _is_compressed(path: Path) -> bool:
    if not path.name.endswith((".jsonl", ".jsonl.zst")):
        raise UserError(f"{path}: a file of events or labels is called *.jsonl or *.jsonl.zst")
    return path.suffix == ".zst"
