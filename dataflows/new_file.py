"""New files that nobody takes for whole before they are."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from dataflows.errors import UserError


@contextmanager
def new_file(path: Path) -> Iterator[BinaryIO]:
    """A file to be written; it takes its name, and the place of one that has it, at the end. Of an error nothing stays.

    Raises UserError where it can't be made.
    """
    if path.is_dir():
        raise UserError(f"{path}: can't be written: it is a directory; name a file")
    part = path.with_name(path.name + ".part")
    try:
        file = part.open("wb")
    except OSError as error:
        raise UserError(f"{path}: can't be written: {error.strerror}") from None
    try:
        with file:
            yield file
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
