"""What a running flow costs: CPU time of all its processes, against how much has come out of it."""

import os
import signal
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import psutil

HERE = Path(__file__).parent
_EVERY = 0.05
"""Seconds between two looks; CPU time is told in ticks of 10 ms."""
_SPAN = 0.2, 0.95
"""The part of the events that counts: not the start, not the end."""


class Sample(NamedTuple):
    """A look at a run: the clock, events that have come out, CPU seconds and resident bytes of all its processes."""

    at: float
    events: int
    cpu: float
    rss: int


class Run(NamedTuple):
    """What was seen of a run from its start to its end."""

    samples: list[Sample]

    @property
    def events(self) -> int:
        """How many came out."""
        return self.samples[-1].events - self.samples[0].events

    @property
    def cost(self) -> float:
        """CPU in µs an event, in steady state."""
        first, last = self._steady()
        return (last.cpu - first.cpu) / (last.events - first.events) * 1e6

    @property
    def rate(self) -> float:
        """Events a second of wall-clock time, in steady state."""
        first, last = self._steady()
        return (last.events - first.events) / (last.at - first.at)

    @property
    def rss(self) -> int:
        """The largest resident memory of all processes together, bytes."""
        return max(sample.rss for sample in self.samples)

    @property
    def first_out(self) -> Sample:
        """When the first event had come out, and the CPU time until then; `at` counts from the start."""
        begin = self.samples[0]
        found = next(sample for sample in self.samples if sample.events > begin.events)
        return found._replace(at=found.at - begin.at)

    def _steady(self) -> tuple[Sample, Sample]:
        begin = self.samples[0].events
        low, high = (begin + share * self.events for share in _SPAN)
        inside = [sample for sample in self.samples if low <= sample.events <= high]
        assert len(inside) > 1, "the run was too short to be measured"
        return inside[0], inside[-1]


def watch(
    command: Sequence[str],
    written: Callable[[], int],
    *,
    settings: dict[str, str] | None = None,
    feed: Callable[[int], None] = lambda written: None,
    until: int | None = None,
) -> Run:
    """Run a command in a directory of its own, looking at it again and again, and `feed` it with how much came out.

    It runs to its end, or is asked to end when so many events have come out. `settings` go into its environment.
    """
    environment = os.environ | {"PYTHONPATH": str(HERE.parent), "SEALWAX_METRICS__PORT": "0"} | (settings or {})
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        samples = [Sample(time.monotonic(), written(), 0.0, 0)]
        process = psutil.Popen(command, cwd=folder, env=environment)
        try:
            while process.poll() is None:
                samples.append(_look(process, written))
                feed(samples[-1].events)
                if until is not None and samples[-1].events >= until:
                    process.send_signal(signal.SIGTERM)
                    process.wait()
                time.sleep(_EVERY)
        finally:
            _end(process)
    assert process.returncode == 0, f"{' '.join(command)}: failed with status {process.returncode}"
    return Run(samples)


def _look(process: psutil.Popen, written: Callable[[], int]) -> Sample:
    """The CPU time and the memory of a process and its descendants, just now."""
    cpu, rss = 0.0, 0
    with suppress(psutil.NoSuchProcess):
        for one in (process, *process.children(recursive=True)):
            times = one.cpu_times()
            cpu += times.user + times.system
            rss += one.memory_info().rss
    return Sample(time.monotonic(), written(), cpu, rss)


def _end(process: psutil.Popen) -> None:
    with suppress(psutil.NoSuchProcess):
        for one in (*process.children(recursive=True), process):
            one.kill()
    process.wait()
