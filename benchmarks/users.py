"""Many users against few: the cost of an event, memory, the time of a resume and the stalls at the ends of epochs."""

import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Final, NamedTuple

from rich.table import Table

from benchmarks import stalls
from benchmarks.cluster import MockCluster
from benchmarks.events import events, one_event_each
from benchmarks.flows import SETTINGS, Record, state_directory
from benchmarks.machine import machine
from benchmarks.watching import Run, watch

FEW: Final = 1_000
_AHEAD: Final = 150_000
"""A topic that is fed is so many records ahead of what has come out: less than the mock cluster keeps."""
_CHANGED: Final = 2_000
"""Users changed in an epoch, to which a stall is scaled."""


class _Seen(NamedTuple):
    run: Run
    epochs: list[stalls.Epoch]
    disk: int


def measure(full: bool) -> Table:
    """Fill the state with an event of every user, then restart the flow and give it a stream by Zipf's law."""
    many, count = (1_000_000, 400_000) if full else (100_000, 150_000)
    few_seen, many_seen = (_filled_and_restarted(users, count) for users in (FEW, many))
    table = Table("", f"{FEW:,} users", f"{many:,} users", title=f"Users, {count:,} events\n{machine()}")
    for name, figure in _FIGURES.items():
        table.add_row(name, figure(few_seen), figure(many_seen))
    table.add_row("times the cost", "1.00", f"{many_seen.run.cost / few_seen.run.cost:.2f}")
    return table


def _filled_and_restarted(users: int, count: int) -> _Seen:
    with MockCluster() as cluster, state_directory() as state:
        _run(cluster, state, one_event_each(users), users)
        stalls.forget(state)
        stream = list(events(count, users))
        run = _run(cluster, state, iter(stream), len({value for _, value in stream}))
        disk = sum(file.stat().st_blocks * 512 for file in (state / "groups").rglob("*.log"))
        return _Seen(run, [epoch for epoch in stalls.epochs(state) if epoch.users], disk)


def _run(cluster: MockCluster, state: Path, records: Iterator[Record], count: int) -> Run:
    """Run the flow until so many updates more have come out, feeding it meanwhile."""
    begin, sent = cluster.written(), 0

    def feed(written: int) -> None:
        nonlocal sent
        for key, value in islice(records, max(0, written - begin + _AHEAD - sent)):
            cluster.send(key, value)
            sent += 1

    feed(begin)
    cluster.flush()
    run = [sys.executable, "-m", "benchmarks.run_job", "benchmarks.stalls:build", cluster.url, cluster.url]
    settings = SETTINGS | {"SEALWAX_STATE__DIRECTORY": str(state)}
    return watch(run, cluster.written, settings=settings, feed=feed, until=begin + count)


def _stall(seen: _Seen, clock: str) -> str:
    """The median, the longest, and the median for so many changed users."""
    times = [sum(getattr(epoch, clock).values()) * 1e3 for epoch in seen.epochs]
    scaled = median(time / epoch.users * _CHANGED for time, epoch in zip(times, seen.epochs, strict=True))
    return f"{median(times):.0f}, {max(times):.0f}, {scaled:.0f}"


def _steps(seen: _Seen) -> str:
    steps = sorted({step for epoch in seen.epochs for step in epoch.cpu})
    return ", ".join(f"{step} {median(epoch.cpu.get(step, 0) for epoch in seen.epochs) * 1e3:.1f}" for step in steps)


_FIGURES = {
    "CPU µs an event": lambda seen: f"{seen.run.cost:.1f}",
    "events/s": lambda seen: f"{seen.run.rate:,.0f}",
    "MiB resident, all processes": lambda seen: f"{seen.run.rss >> 20:,}",
    "MiB of state on disk": lambda seen: f"{seen.disk >> 20:,}",
    "s from the start to the first update": lambda seen: f"{seen.run.first_out.at:.1f}",
    "CPU s of it": lambda seen: f"{seen.run.first_out.cpu:.1f}",
    "users changed in an epoch": lambda seen: f"{median(epoch.users for epoch in seen.epochs):,.0f}",
    f"stall, ms: median, longest, median for {_CHANGED:,} users": lambda seen: _stall(seen, "wall"),
    "the same, CPU ms": lambda seen: _stall(seen, "cpu"),
    "CPU ms by step, medians": _steps,
}
