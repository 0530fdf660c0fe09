"""The flow as a child process: `sealwax run`, just as anybody would start it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from dataflows.demo.last_will import LastWill
from dataflows.demo.plan import DemoPlan
from dataflows.drain import DRAIN_SECONDS
from dataflows.errors import UserError

_STOP_SECONDS: Final = DRAIN_SECONDS + 4.0
_LAST_LINES: Final = 8

_SETTINGS: Final = """\
# Written by `sealwax demo`.
processes = {processes}

[kafka]
bootstrap = {bootstrap}

[state]
directory = {state}

# Days pass in seconds here, so a partition without a record for a moment must not hold back the others for long.
[source]
idle = "40ms"

[metrics]
port = 0
"""


class LiveFlow:
    """A context manager inside which the flow runs, over the topics of one cluster."""

    def __init__(self, directory: Path, bootstrap: str, plan: DemoPlan) -> None:
        """Keep the flow's settings, state and log, `flow.log`, in `directory`."""
        self.log = directory / "flow.log"
        self._config = directory / "sealwax.toml"
        text = _SETTINGS.format(
            processes=plan.processes, bootstrap=json.dumps(bootstrap), state=json.dumps(str(directory / "state"))
        )
        if plan.checkpoint:
            text += f"\n[scoring]\ncheckpoint = {json.dumps(plan.checkpoint)}\n"
        self._config.write_text(text, encoding="utf-8")

    def __enter__(self) -> Self:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("SEALWAX_")}
        with self.log.open("wb") as log:
            self._child = subprocess.Popen(
                [sys.executable, "-m", "dataflows.cli", "run", "--config", str(self._config)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=environment,
                start_new_session=True,  # Ctrl-C is for the demo, which ends the flow in order
            )
        self._will = LastWill(self._child.pid)
        return self

    def check(self) -> None:
        """Raise UserError if the flow has ended."""
        if self._child.poll() is not None:
            said = "\n".join(self.log.read_text(errors="replace").strip().splitlines()[-_LAST_LINES:])
            raise UserError(f"the flow ended with status {self._child.returncode}:\n{said}")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._child.terminate()
        try:
            self._child.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._child.kill()  # its own processes end with it
            self._child.wait()
        self._will.revoke()
