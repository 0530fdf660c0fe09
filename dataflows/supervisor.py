"""Keep a flow's processes running: they start together, and when one dies they all start again.

The engine's processes can neither outlive nor rejoin one another. So the supervisor kills what is left, waits for it,
prunes the recovery store and starts all anew on fresh ports.
"""

import logging
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Final, NamedTuple, Self

from dataflows.drain import DRAIN_SECONDS
from dataflows.processes import POLL_SECONDS, Processes
from dataflows.recovery import prepare_recovery
from dataflows.state_lock import state_lock
from dataflows.watermarks import WatermarkBoard
from dataflows.worker import EXIT_FAILED, EXIT_PEER_LOST, EXIT_RESTART, EXIT_USER_ERROR, Job

logger = logging.getLogger(__name__)

_LAST_WORDS_SECONDS: Final = 1.0
"""So long after a death the others may still end by themselves, and say whether they were the cause."""


@dataclass(frozen=True)
class RestartPolicy:
    """When to start again after a death. Times in seconds."""

    first_pause: float = 0.2
    longest_pause: float = 10.0
    """Each pause is twice the one before, up to this."""
    healthy_after: float = 30.0
    """Processes that lived so long begin again with the first pause."""
    attempts: int = 5
    """Give up after so many deaths in a row between which the durable frontier did not move."""


class Supervisor:
    """Runs a job on a number of processes until it ends, is stopped, or can't go on."""

    def __init__(self, job: Job, processes: int = 1, policy: RestartPolicy | None = None) -> None:
        self._job = job
        self._processes = processes
        self._policy = policy or RestartPolicy()
        self._stopping = False

    def stop(self) -> None:
        """Drain the processes and end. For signal handlers and other threads."""
        self._stopping = True

    def run(self, meanwhile: AbstractContextManager[None] | None = None) -> int:
        """Supervise, and return the exit status: 0 where the flow has ended or was stopped.

        `meanwhile` is entered once the state directory is held. Raises UserError where that is in use or damaged.
        """
        self._job.state.mkdir(parents=True, exist_ok=True)
        with state_lock(self._job.state) as lock, self._stopped_by_signals(), meanwhile or nullcontext():
            return self._run(lock)

    def _run(self, lock: int) -> int:
        frontier = self._prepare()
        stuck, pause = 0, self._policy.first_pause
        while True:
            started = time.monotonic()
            statuses = self._run_once(lock)
            if self._stopping or not any(statuses):
                return 0
            cause = _Cause.of(statuses)
            before, frontier = frontier, self._prepare()
            stuck = 0 if frontier > before else stuck + 1
            if cause.status == EXIT_USER_ERROR:
                return EXIT_USER_ERROR
            if stuck >= self._policy.attempts:
                logger.error("%s; giving up: %d starts in a row made no progress", cause, stuck)
                return EXIT_FAILED
            if time.monotonic() - started >= self._policy.healthy_after:
                pause = self._policy.first_pause
            logger.warning("%s; starting all again in %.1f s", cause, pause)
            self._sleep(pause)
            pause = min(2 * pause, self._policy.longest_pause)

    def _prepare(self) -> int:
        """Clear away what the dead left behind, and return the durable frontier."""
        WatermarkBoard.reset(self._job.watermarks)
        return prepare_recovery(self._job.recovery)

    def _run_once(self, lock: int) -> list[int | None]:
        """Start the processes and wait for the end of all, or a failure. None stands for one that had to be killed."""
        with Processes(self._job, self._processes, lock) as processes:
            while not self._stopping and not _over(processes.statuses()):
                time.sleep(POLL_SECONDS)
            if self._stopping:
                processes.drain()
            processes.wait(DRAIN_SECONDS if self._stopping else _LAST_WORDS_SECONDS)
            return processes.statuses()

    def _sleep(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while not self._stopping and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)

    @contextmanager
    def _stopped_by_signals(self) -> Iterator[None]:
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        previous = {number: signal.signal(number, lambda *_: self.stop()) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            yield
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)


def _over(statuses: Sequence[int | None]) -> bool:
    return None not in statuses or any(statuses)


class _Cause(NamedTuple):
    """The process that ended a flow, and how."""

    process: int
    status: int

    @classmethod
    def of(cls, statuses: Sequence[int | None]) -> Self:
        """The one that knows best: the others only followed."""
        failed = [cls(process, status) for process, status in enumerate(statuses) if status]
        return min(failed, key=lambda cause: _RANK.get(cause.status, _RANK_OF_FAILURE))

    def __str__(self) -> str:
        if self.status < 0:
            return f"process {self.process} was killed by {signal.Signals(-self.status).name}"
        if self.status == EXIT_RESTART:
            return f"process {self.process} needs a new start"
        return f"process {self.process} failed with status {self.status}"


_RANK: Final = {EXIT_USER_ERROR: 0, EXIT_RESTART: 1, -signal.SIGABRT: 3, EXIT_PEER_LOST: 3}
_RANK_OF_FAILURE: Final = 2
