"""The operating system's side of a flow: its processes, which are all up or all gone."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, suppress
from types import TracebackType
from typing import IO, Final, Self
from uuid import uuid4

from dataflows.worker import Job

POLL_SECONDS: Final = 0.05

ENVIRONMENT: Final = {
    # glibc reads these before Python starts. Scoring allocates and frees large blocks in every call.
    "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",
    "MALLOC_MMAP_THRESHOLD_": "1073741824",
    "MALLOC_TRIM_THRESHOLD_": "4294967296",
    "MALLOC_TOP_PAD_": "268435456",
    # A flow scales by processes; more threads inside of them would only compete.
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "TOKENIZERS_PARALLELISM": "false",
}
"""What a flow's processes are started with."""


class Processes:
    """One start of a job on `count` processes, which inherit `lock`. Leaving the context kills what is left of them."""

    def __init__(self, job: Job, count: int, lock: int) -> None:
        self._lock = lock
        self._labelled = count > 1
        self._children: list[subprocess.Popen[bytes]] = []
        self._pumps: list[threading.Thread] = []
        places = {"run_id": uuid4().hex, "addresses": _free_addresses(count) if count > 1 else ()}
        self._jobs = [job.model_copy(update=places | {"index": index}) for index in range(count)]

    def __enter__(self) -> Self:
        with ExitStack() as on_error:
            on_error.callback(self._kill)
            for job in self._jobs:
                self._start(job)
            on_error.pop_all()
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _at: TracebackType | None
    ) -> None:
        self._kill()

    def statuses(self) -> list[int | None]:
        """By process: None while it runs, its exit status, or minus the number of the signal that ended it."""
        return [child.poll() for child in self._children]

    def drain(self) -> None:
        """Ask all of them to end."""
        for child in self._children:
            child.send_signal(signal.SIGTERM)

    def wait(self, seconds: float) -> None:
        """Until all have ended, or so long."""
        deadline = time.monotonic() + seconds
        while None in self.statuses() and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)

    def _start(self, job: Job) -> None:
        child = subprocess.Popen(
            [sys.executable, "-m", "dataflows.worker"],
            bufsize=0,
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE if self._labelled else None,
            env=ENVIRONMENT | os.environ,
            pass_fds=(self._lock,),
            process_group=0,
        )
        self._children.append(child)
        if child.stderr:
            pump = threading.Thread(target=_pass_on, args=(child.stderr, job.index), daemon=True)
            pump.start()
            self._pumps.append(pump)
        if child.stdin:
            with suppress(BrokenPipeError):  # It is gone already; its status will tell.
                child.stdin.write(job.model_dump_json().encode() + b"\n")

    def _kill(self) -> None:
        for child in self._children:
            if child.poll() is None:
                os.killpg(child.pid, signal.SIGKILL)
        for child in self._children:
            child.wait()
            if child.stdin:
                child.stdin.close()
        for pump in self._pumps:
            pump.join()


def _free_addresses(count: int) -> tuple[str, ...]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for bound in sockets:
            bound.bind(("127.0.0.1", 0))
        return tuple(f"127.0.0.1:{bound.getsockname()[1]}" for bound in sockets)


def _pass_on(stream: IO[bytes], index: int) -> None:
    with stream:
        for line in stream:
            sys.stderr.write(f"[{index}] {line.decode(errors='replace')}")
            sys.stderr.flush()
