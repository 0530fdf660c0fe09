"""One process of the engine: `python -m dataflows.worker`, started by a supervisor, its job on standard input."""

import gc
import importlib
import os
import signal
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Final

from bytewax._bytewax import cluster_main
from bytewax.dataflow import Dataflow
from bytewax.recovery import RecoveryConfig
from pydantic import BaseModel, ConfigDict, JsonValue

from dataflows.connectors.base import DeliveryError, InputError, NoAnswerError
from dataflows.drain import drain_on_signals
from dataflows.engine_errors import FirstError
from dataflows.errors import RestartRequiredError, UserError

EXIT_FAILED: Final = 1
EXIT_USER_ERROR: Final = 2
"""The user must mend something first: starting again is pointless."""
EXIT_PEER_LOST: Final = 69
"""Another process of the flow ended, and took this one with it."""
EXIT_RESTART: Final = 75
"""Nothing is wrong, but the flow must be built again."""

_PEERS_SECONDS: Final = 10.0


class Job(BaseModel):
    """What the processes of a flow are told."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    build: str
    """Where the flow comes from: "package.module:function", a function of the Job that returns a Dataflow."""
    state: Path
    """The state directory; the engine's own recovery store and the watermark board are in it."""
    arguments: dict[str, JsonValue] = {}
    """What `build` needs to know besides."""
    epoch_ms: int = 500
    run_id: str = ""
    """Different at every start, the same in all processes."""
    index: int = 0
    addresses: tuple[str, ...] = ()
    """Where the processes listen, by index; empty where there is only one."""

    @property
    def recovery(self) -> Path:
        return self.state / "recovery"

    @property
    def watermarks(self) -> Path:
        return self.state / "watermarks"


def run(job: Job) -> int:
    """Run this process' part of the flow to its end, and return the status that tells the supervisor what to do."""
    noted = FirstError()
    try:
        flow = _builder(job.build)(job)
        noted.watch(flow)
        _tune_collector()
        _await_listeners(job.addresses[: job.index])
        drain_on_signals()  # Before, there is nothing to drain: SIGTERM ends the process at once.
        cluster_main(
            flow,
            list(job.addresses),
            job.index,
            epoch_interval=timedelta(milliseconds=job.epoch_ms),
            recovery_config=RecoveryConfig(job.recovery),
            worker_count_per_proc=1,
        )
    except BaseException as error:  # The engine's panics are no Exceptions.
        return _explain(noted.error or error, alone=not job.addresses)
    return 0


def _builder(path: str) -> Callable[[Job], Dataflow]:
    module, _, function = path.partition(":")
    builder: Callable[[Job], Dataflow] = getattr(importlib.import_module(module), function)
    return builder


def _tune_collector() -> None:
    """Leave out what was built, and collect rarely: the defaults cost microseconds an event under much state."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


def _await_listeners(addresses: Sequence[str]) -> None:
    """Until the peers that the engine will connect to are up: it would try once and then sleep for a second."""
    deadline = time.monotonic() + _PEERS_SECONDS
    while not all(_listens(address) for address in addresses) and time.monotonic() < deadline:
        time.sleep(0.01)


def _listens(address: str) -> bool:
    """Whether someone listens there, without a connection, which the engine would take for a peer."""
    host, _, port = address.rpartition(":")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # So that it is in nobody's way.
        try:
            probe.bind((host, int(port)))
        except OSError:
            return True
    return False


def _explain(error: BaseException, *, alone: bool) -> int:
    if isinstance(error, UserError | InputError | DeliveryError):
        sys.stderr.write(f"error: {error}\n")
        passing = not isinstance(error, UserError) or isinstance(error, NoAnswerError)
        return EXIT_FAILED if passing else EXIT_USER_ERROR
    if isinstance(error, RestartRequiredError):
        sys.stderr.write(f"a new start is needed: {error}\n")
        return EXIT_RESTART
    if isinstance(error, Exception):
        traceback.print_exception(error)
        return EXIT_FAILED
    sys.stderr.write(f"the engine stopped: {error}\n")
    return EXIT_FAILED if alone else EXIT_PEER_LOST


def _die_with_supervisor() -> None:
    """Nothing is ever written to standard input after the job: its end is the supervisor's."""
    while os.read(sys.stdin.fileno(), 1):
        continue
    os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    """Read the job, run it, and leave with its status."""
    with open(sys.stdin.fileno(), "rb", buffering=0, closefd=False) as stdin:
        job = Job.model_validate_json(stdin.readline())
    threading.Thread(target=_die_with_supervisor, daemon=True).start()
    status = run(job)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)  # At once: what the engine or a client left behind in other threads must not hold up the others.


if __name__ == "__main__":
    main()
