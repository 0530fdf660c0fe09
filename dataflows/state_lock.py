"""One flow per state directory."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from dataflows.errors import UserError

_GRACE_SECONDS: Final = 1.0
"""The processes of a killed supervisor need a moment to follow it."""


@contextmanager
def state_lock(directory: Path) -> Iterator[int]:
    """Hold `directory` for this process and for all that inherit the descriptor given: until the last one is gone.

    Raises UserError, naming the holder, where another flow holds it.
    """
    with (directory / "lock").open("a+") as file:
        deadline = time.monotonic() + _GRACE_SECONDS
        while not _locked(file.fileno()):
            if time.monotonic() > deadline:
                file.seek(0)
                raise UserError(
                    f"{directory}: the state directory is in use by process {file.read().strip()}: "
                    "end that one, or choose another with state.directory"
                )
            time.sleep(0.02)
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield file.fileno()


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
