"""Rings in keyed state: what a snapshot costs where few of a state's events are new.

    python -m benchmarks.state_rings [--block 128]

64 key groups, states encoded and written as the steps do. An epoch's CPU is that of its puts and snapshots, of the
quietest epoch; the worker stands still for the snapshots alone.
"""

import argparse
import random
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from typing import Any
from unittest.mock import patch

import psutil
from rich.console import Console
from rich.table import Table

from benchmarks.machine import machine
from contracts.keys import KEY_GROUPS
from contracts.scoring import ROW_SIZE
from dataflows.state import BlockwiseState, StateDirectory
from operators import ring as rings
from operators.ring import Ring
from operators.users import UserState

KINDS = (False, True, True, True)
EPOCHS = 40
ROWS = 16


@dataclass
class Load:
    """So many states, of so many events at first, to each of which an epoch adds some."""

    name: str
    kind: type[Ring] | type[UserState]
    states: int
    events: Sequence[int]
    new: int


LOADS = [
    Load("2,800 users of 1 to 40", UserState, 2_800, range(1, 41), 0),
    Load("2,000 merchants of 200, 3 new", Ring, 2_000, [200], 3),
    Load("20 merchants of 10,000, 100 new", Ring, 20, [10_000], 100),
]


def append(ring: Ring, count: int) -> None:
    """Add events behind the last."""
    time = ring.times[-1] if ring.times else 0
    for _ in range(count):
        time += random.randrange(1_000)
        ring.insert(time, (random.getrandbits(62), random.randrange(10**6), 1, random.randrange(2)))


class Epochs:
    """A load's states, in the groups of a directory."""

    def __init__(self, load: Load, directory: StateDirectory) -> None:
        self._load = load
        self.groups: list[BlockwiseState[Any]] = [
            BlockwiseState(directory.table("rings", f"{group:02d}"), load.kind, load.states)
            for group in range(KEY_GROUPS)
        ]
        self.rings = [Ring(KINDS) for _ in range(load.states)]
        self._states: list[tuple[BlockwiseState[Any], str, Ring | UserState]] = []
        for number, ring in enumerate(self.rings):
            append(ring, random.choice(load.events))
            state = ring if load.kind is Ring else UserState(ring, bytes(ROW_SIZE * min(len(ring), ROWS)))
            self._states.append((self.groups[number % KEY_GROUPS], f"state:{number:x}", state))

    def run(self) -> dict[str, float]:
        """An epoch: its CPU seconds, those of its snapshots, the bytes that it wrote."""
        random.shuffle(self._states)
        process = psutil.Process()
        before, started = process.io_counters().write_chars, time.thread_time()
        for group, key, state in self._states:
            group.put(key, state)
        put = time.thread_time()
        for group in self.groups:
            group.snapshot()
        ended, after = time.thread_time(), process.io_counters().write_chars
        for ring in self.rings:
            append(ring, self._load.new)
        return {"cpu": ended - started, "standing": ended - put, "bytes": after - before}


def measured(load: Load, path: Path) -> list[str]:
    """The figures of a load."""
    directory = StateDirectory(path)
    epochs = Epochs(load, directory)
    epochs.run()
    found = [epochs.run() for _ in range(EPOCHS)]
    for group in epochs.groups:
        group.close()
    tables = [directory.table("rings", f"{group:02d}") for group in range(KEY_GROUPS)]
    uncached = BlockwiseState[Any](tables[0], load.kind, 0)
    reads = []
    for _ in range(EPOCHS):
        started = time.thread_time()
        uncached.get("state:0")
        reads.append(time.thread_time() - started)
    records = sum(len(table.keys()) for table in tables)
    for table in tables:
        table.close()
    return [
        format(min(one["cpu"] for one in found) / load.states * 1e6, ".1f"),
        format(min(one["standing"] for one in found) * 1e3, ".1f"),
        format(mean(one["bytes"] for one in found) / 1e3, ",.0f"),
        format(records, ",d"),
        format(min(reads) * 1e6, ".0f"),
    ]


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--block", type=int, default=rings.BLOCK)
    block = parser.parse_args().block
    random.seed(7)
    columns = ("µs a state", "ms standing", "KB written", "records", "µs a read")
    table = Table("changed, of events", *columns, title=f"blocks of {block} events; {machine()}")
    for load in LOADS:
        with tempfile.TemporaryDirectory(prefix="state-rings-") as folder, patch.object(rings, "BLOCK", block):
            table.add_row(load.name, *measured(load, Path(folder)))
    Console().print(table)


if __name__ == "__main__":
    main()
