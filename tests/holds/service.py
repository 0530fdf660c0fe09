"""`sealwax holds run` in a process of its own, to be ended in any way."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping

from tests.flow.command import HANGS_AFTER, ROOT


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


def wait_until(true: Callable[[], bool]) -> None:
    """Wait for what must come; fails where it doesn't for very long."""
    deadline = time.monotonic() + HANGS_AFTER
    while not true():
        assert time.monotonic() < deadline, "still not true"
        time.sleep(0.05)
