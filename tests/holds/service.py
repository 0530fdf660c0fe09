"""`sealwax holds run` in a process of its own, to be ended in any way."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
HANGS_AFTER: Final = 120
"""Seconds after which a test fails that would otherwise hang for ever."""


def start_service(
    source: str,
    topic: str,
    table: str,
    *flags: str,
    module: str = "dataflows.cli",
    environment: Mapping[str, str] | None = None,
) -> subprocess.Popen[str]:
    """Start it, its standard error kept; `module` is what is run as the command line."""
    settings = {"SEALWAX_TOPICS__POLICY_ACTIONS": topic, "SEALWAX_HOLDS__METRICS_PORT": "0"}
    return subprocess.Popen(
        [sys.executable, "-m", module, "holds", "run", "--source", source, "--table", table, *flags],
        cwd=ROOT,
        env={**os.environ, **settings, **(environment or {})},
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(service: subprocess.Popen[str]) -> tuple[int, str]:
    """The exit status, and what was said on standard error."""
    _, said = service.communicate(timeout=HANGS_AFTER)
    return service.returncode, said


def wait_until(true: Callable[[], bool]) -> None:
    """Wait for what must come; fails where it doesn't for very long."""
    deadline = time.monotonic() + HANGS_AFTER
    while not true():
        assert time.monotonic() < deadline, "still not true"
        time.sleep(0.05)
