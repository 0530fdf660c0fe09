"""Processes that tests start, and what is waited for: it fails where it doesn't come for very long."""

import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
HANGS_AFTER: Final = 120
"""Seconds after which a test fails that would otherwise hang for ever; nothing is asserted of times."""


def finish(command: subprocess.Popen[str]) -> tuple[int, str]:
    """The exit status, and what was said on standard error."""
    _, said = command.communicate(timeout=HANGS_AFTER)
    return command.returncode, said


def wait_until(true: Callable[[], bool]) -> None:
    """Wait for what must come."""
    deadline = time.monotonic() + HANGS_AFTER
    while not true():
        assert time.monotonic() < deadline, "still not true"
        time.sleep(0.005)
