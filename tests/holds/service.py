"""`sealwax holds run` in a process of its own, to be ended in any way."""

import os
import subprocess
import sys
from collections.abc import Mapping

from tests.processes import ROOT


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
