"""Supervised flows as real processes."""

import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from dataflows.worker import Job

ROOT = Path(__file__).parents[2]
HANGS_AFTER = 60
"""Seconds after which a test fails that would otherwise hang for ever."""


@dataclass
class Run:
    """The supervised runs of one flow, all over one state directory."""

    directory: Path
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    @property
    def out(self) -> Path:
        return self.directory / "out"

    def job(self, build: str, *, items: int, pause_ms: int) -> Job:
        return Job(
            build=f"tests.running.flows:{build}",
            state=self.directory / "state",
            arguments={"out": str(self.out), "items": items, "pause_ms": pause_ms},
            epoch_ms=100,
        )

    def start(self, build: str, processes: int, *, items: int = 10, pause_ms: int = 1) -> subprocess.Popen[str]:
        job = self.job(build, items=items, pause_ms=pause_ms).model_dump_json()
        command = [sys.executable, "-m", "tests.running.supervise", str(processes), job]
        self.started.append(subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True))
        return self.started[-1]

    def lines(self) -> Counter[str]:
        """What the flow has written so far."""
        return Counter(line for file in self.out.glob("key-*") for line in file.read_text().splitlines())

    def pid(self, process: int) -> int:
        return int((self.out / f"pid-{process}").read_text())


def finish(supervisor: subprocess.Popen[str]) -> tuple[int, str]:
    """The exit status, and what was said on standard error."""
    _, said = supervisor.communicate(timeout=HANGS_AFTER)
    return supervisor.returncode, said


def wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + HANGS_AFTER
    while not true():
        assert time.monotonic() < deadline, "still not true"
        time.sleep(0.02)


@pytest.fixture
def run() -> Iterator[Run]:
    memory = Path("/dev/shm")  # The engine syncs several times in an epoch: a busy disk would make drains slow.
    with TemporaryDirectory(dir=memory if memory.is_dir() else None) as directory:
        run = Run(Path(directory))
        run.out.mkdir()
        yield run
        for supervisor in run.started:
            supervisor.kill()
            supervisor.communicate()
