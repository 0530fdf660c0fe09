"""Keyed state: what a snapshot costs for each changed key, against other stores and a dictionary in memory.

    python -m benchmarks.state_store [--keys 1000000] [--stores log,rocksdb]

Each store is loaded and then measured in a process of its own: 64 key groups, three tables, states of 200 to 800
bytes, changed keys drawn evenly. CPU time is that of all threads. The baseline is a dictionary of bytes behind the same
encoding and cache, without versions. A store whose library is missing is left out.
"""

import argparse
import gc
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from array import array
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from statistics import median

import psutil
from rich.console import Console
from rich.table import Table

from benchmarks import state_candidates
from benchmarks.state_candidates import Changes, Rows, RowStore
from contracts.keys import KEY_GROUPS
from dataflows.state import GroupStore, KeyedState, StateDirectory

TABLES = {"users": 0.6, "entities": 0.3, "policy": 0.1}
LIBRARIES = {"log": "dataflows", "rocksdb": "rocksdict", "lmdb": "lmdb", "sqlite": "sqlite3"}
EPOCHS = {2_000: 40, 9_500: 20}
CACHE_ENTRIES = 50_000
MIB = 1 << 20
FIGURES = [
    *(
        row
        for changed in EPOCHS
        for row in (
            (f"cpu {changed}", f"{changed:,} changed keys: CPU µs a key, with encoding", ".1f"),
            (f"ratio {changed}", "  times a dictionary", ".1f"),
            (f"median {changed}", "  ms an epoch, median", ".0f"),
            (f"worst {changed}", "  ms an epoch, worst", ".0f"),
            (f"busy {changed}", "  ms an epoch, worst, without waits", ".0f"),
        )
    ),
    ("cpu all", "every key changed twice: CPU µs a key", ".1f"),
    ("busy all", "  ms an epoch of 9,500, worst, without waits", ".0f"),
    ("miss", "µs a cache miss, with decoding", ".1f"),
    ("hit", "µs a cache hit", ".2f"),
    ("open", "s to open all tables", ".2f"),
    ("roll back", "s to take all tables back two versions", ".2f"),
    ("memory open", "MiB resident when opened", ".0f"),
    ("memory", "MiB resident at the end", ".0f"),
    ("disk", "MiB on disk", ".0f"),
]
STATES = [array("q", range(length)) for length in range(25, 100)]


class Numbers:
    """A state of 8-byte numbers."""

    def __init__(self, numbers: "array[int]") -> None:
        self.numbers = numbers

    def encode(self) -> bytes:
        return len(self.numbers).to_bytes(2) + self.numbers.tobytes()

    @staticmethod
    def decode(value: bytes) -> "Numbers":
        return Numbers(array("q", value[2:]))


class Dictionary:
    """The baseline: the newest bytes of each key, in memory."""

    def __init__(self) -> None:
        self.version = 0
        self._values: dict[str, bytes | None] = {}

    def append(self, changes: Changes) -> int:
        self._values.update(changes)
        self.version += 1
        return self.version

    def get(self, key: str) -> bytes | None:
        return self._values.get(key)

    def keys(self) -> list[str]:
        return list(self._values)

    def rollback(self, version: int | None) -> None:
        self._values.clear()

    def close(self) -> None:
        self._values.clear()


def opener(store: str, root: Path) -> Callable[[str, str], GroupStore]:
    """How to open the table of a step and key group."""
    if store == "log":
        return StateDirectory(root).table
    rows: Callable[[Path], Rows] = getattr(state_candidates, store)()
    databases = {f"{group:02d}": rows(root / f"{group:02d}") for group in range(KEY_GROUPS)}
    return lambda table, group: RowStore(databases[group], table)


def table_keys(keys: int) -> dict[tuple[str, str], list[str]]:
    """The keys of each table and key group."""
    groups = [f"{group:02d}" for group in range(KEY_GROUPS)]
    return {
        (table, group): [f"{table}-{group}-{number:08d}" for number in range(round(keys * share / KEY_GROUPS))]
        for table, share in TABLES.items()
        for group in groups
    }


class Tables:
    """All tables of all key groups, open."""

    def __init__(self, open_table: Callable[[str, str], GroupStore], keys: dict[tuple[str, str], list[str]]) -> None:
        self.keys = list(keys.values())
        self.shares = [TABLES[table] / KEY_GROUPS for table, _ in keys]
        self.stores = [open_table(table, group) for table, group in keys]
        self.states = [
            KeyedState(store, Numbers.encode, Numbers.decode, round(CACHE_ENTRIES * share))
            for store, share in zip(self.stores, self.shares, strict=True)
        ]

    def load(self) -> None:
        """Put every key, a thousand a version."""
        for state, keys in zip(self.states, self.keys, strict=True):
            for start in range(0, len(keys), 1_000):
                for key in keys[start : start + 1_000]:
                    state.put(key, Numbers(random.choice(STATES)))
                state.snapshot()

    def epoch(self, changed: int) -> int:
        """Change so many keys of all tables; how many it really were."""
        total = 0
        for state, keys, share in zip(self.states, self.keys, self.shares, strict=True):
            for key in random.sample(keys, max(1, round(changed * share))):
                state.put(key, Numbers(random.choice(STATES)))
            total += state.changed
        return total

    def snapshots(self, changed: int, epochs: int, idle_seconds: float = 0.1) -> dict[str, float]:
        """CPU in µs a changed key (all threads, also while this one is idle after each epoch), and ms of the epochs."""
        cpu, walls, busy, total = 0.0, [], [], 0
        for _ in range(epochs):
            total += self.epoch(changed)
            started, busy_started, cpu_started = time.perf_counter(), time.thread_time(), time.process_time()
            for state in self.states:
                state.snapshot()
            walls.append((time.perf_counter() - started) * 1e3)
            busy.append((time.thread_time() - busy_started) * 1e3)
            time.sleep(idle_seconds)
            cpu += time.process_time() - cpu_started
        return {"cpu": cpu / total * 1e6, "median": median(walls), "worst": max(walls), "busy": max(busy)}

    def reads(self, count: int) -> dict[str, float]:
        """µs of a read that misses the cache, and of one that hits it."""
        chosen = random.choices(range(len(self.states)), self.shares, k=count)
        misses = [(self.states[table], random.choice(self.keys[table])) for table in chosen]
        started = time.perf_counter()
        for state, key in misses:
            state.get(key)
        missed = time.perf_counter() - started
        state, key = misses[-1]
        started = time.perf_counter()
        for _ in range(count):
            state.get(key)
        return {"miss": missed / count * 1e6, "hit": (time.perf_counter() - started) / count * 1e6}

    def roll_back(self) -> float:
        """Seconds to take every table back two versions; the newest is made for it and forgotten."""
        before = [store.version for store in self.stores]
        for _ in range(2):
            self.epoch(2_000)
            for state in self.states:
                state.snapshot()
        started = time.perf_counter()
        for store, version in zip(self.stores, before, strict=True):
            store.rollback(version)
        return time.perf_counter() - started


def measure(store: str, root: Path, keys: int) -> dict[str, float]:
    """All figures of a loaded store, in this process."""
    names = table_keys(keys)
    memory = psutil.Process().memory_info
    before = memory().rss
    started = time.perf_counter()
    tables = Tables(opener(store, root), names)
    figures = {"open": time.perf_counter() - started, "memory open": (memory().rss - before) / MIB}
    gc.freeze()
    for changed, epochs in EPOCHS.items():
        figures |= {f"{name} {changed}": value for name, value in tables.snapshots(changed, epochs).items()}
    often = tables.snapshots(9_500, epochs=2 * keys // 9_500, idle_seconds=0)
    figures |= {f"{name} all": value for name, value in often.items()}
    figures |= tables.reads(20_000)
    figures["memory"] = (memory().rss - before) / MIB
    figures["roll back"] = tables.roll_back()
    baseline = Tables(lambda table, group: Dictionary(), names)
    for changed, epochs in EPOCHS.items():
        figures[f"dictionary {changed}"] = baseline.snapshots(changed, epochs // 2)["cpu"]
    return figures


def in_a_process(phase: str, store: str, root: Path, keys: int) -> dict[str, float]:
    """What a phase measured in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.state_store", "--phase", phase, "--stores", store]
    output = subprocess.run(
        [*command, "--root", str(root), "--keys", str(keys)], stdout=subprocess.PIPE, check=True, text=True
    ).stdout
    figures: dict[str, float] = json.loads(output)
    return figures


def run_phase(phase: str, store: str, root: Path, keys: int) -> dict[str, float]:
    """Load a store, or measure a loaded one."""
    random.seed(7)
    if phase == "measure":
        return measure(store, root, keys)
    tables = Tables(opener(store, root), table_keys(keys))
    tables.load()
    for table in tables.stores:
        table.close()
    return {}


def measured(store: str, keys: int) -> dict[str, float]:
    """Load a store, then measure it."""
    with tempfile.TemporaryDirectory(prefix="state-store-") as folder:
        root = Path(folder)
        in_a_process("load", store, root, keys)
        figures = in_a_process("measure", store, root, keys)
        figures["disk"] = sum(file.stat().st_blocks * 512 for file in root.rglob("*") if file.is_file()) / MIB
    for changed in EPOCHS:
        figures[f"ratio {changed}"] = figures[f"cpu {changed}"] / figures[f"dictionary {changed}"]
    return figures


def compare(stores: list[str], keys: int) -> None:
    """Measure the stores one after the other and print the table."""
    console = Console()
    there = [store for store in stores if find_spec(LIBRARIES[store]) is not None]
    for store in sorted(set(stores) - set(there)):
        console.print(f"{store}: left out, {LIBRARIES[store]} is not installed")
    results = [measured(store, keys) for store in there]
    table = Table("", *there, title=f"{keys:,} keys; {machine()}")
    for name, text, form in FIGURES:
        table.add_row(text, *(format(figures[name], form) for figures in results))
    console.print(table)


def machine() -> str:
    """The machine and how busy it is."""
    models = re.findall(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    return f"{models[0] if models else '?'}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keys", type=int, default=1_000_000)
    parser.add_argument("--stores", default=",".join(LIBRARIES))
    parser.add_argument("--phase", choices=["load", "measure"], help=argparse.SUPPRESS)
    parser.add_argument("--root", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.phase:
        sys.stdout.write(json.dumps(run_phase(arguments.phase, arguments.stores, arguments.root, arguments.keys)))
    else:
        compare(arguments.stores.split(","), arguments.keys)


if __name__ == "__main__":
    main()
