"""Supervised flows as real processes."""

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from dataflows.worker import Job
from tests.processes import ROOT


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
