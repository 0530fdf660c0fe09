"""What a running flow costs: CPU time of all its processes, against how much has come out of it."""

import os
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import psutil

HERE = Path(__file__).parent
_EVERY = 0.1
"""Seconds between two looks; CPU time is told in ticks of 10 ms."""
_SPAN = 0.2, 0.95
"""The part of the events that counts: not the start, not the end."""


class Sample(NamedTuple):
    """A look at a run: wall-clock seconds, events that have come out, CPU seconds of all its processes."""

    at: float
    events: int
    cpu: float


class Run(NamedTuple):
    """What was seen of a run from its start to its end."""

    samples: list[Sample]
    rss: int
    """The largest resident memory of all processes together, bytes."""

    def steady(self, expected: int) -> tuple[Sample, Sample]:
        """The looks between which the flow was in its stride, given how many events should come out."""
        low, high = (share * expected for share in _SPAN)
        inside = [sample for sample in self.samples if low <= sample.events <= high]
        assert len(inside) > 1, "the run was too short to be measured"
        return inside[0], inside[-1]

    def cost(self, expected: int) -> float:
        """CPU in µs an event, in steady state."""
        first, last = self.steady(expected)
        return (last.cpu - first.cpu) / (last.events - first.events) * 1e6

    def rate(self, expected: int) -> float:
        """Events a second of wall-clock time, in steady state."""
        first, last = self.steady(expected)
        return (last.events - first.events) / (last.at - first.at)


def watch(command: Sequence[str], written: Callable[[], int]) -> Run:
    """Run a command to its end, in a directory of its own, looking at it again and again."""
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        process = psutil.Popen(command, cwd=folder, env=os.environ | {"PYTHONPATH": str(HERE.parent)})
        samples, rss = [], 0
        while process.poll() is None:
            family = _family(process)
            samples.append(Sample(time.monotonic(), written(), sum(cpu for cpu, _ in family)))
            rss = max(rss, sum(size for _, size in family))
            time.sleep(_EVERY)
        assert process.returncode == 0, f"{command} failed"
    return Run(samples, rss)


def _family(process: psutil.Process) -> list[tuple[float, int]]:
    """CPU seconds and resident bytes of a process and its descendants."""
    figures = []
    with suppress(psutil.NoSuchProcess):
        for one in (process, *process.children(recursive=True)):
            times = one.cpu_times()
            figures.append((times.user + times.system, one.memory_info().rss))
    return figures
