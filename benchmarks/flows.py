"""The flow as the benchmarks run it: twelve features, ten rules, and no model unless one is named."""

import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from benchmarks.cluster import MockCluster
from benchmarks.events import events
from benchmarks.watching import HERE, Run, watch

SETTINGS: Final = {
    "SEALWAX_FEATURES": str(HERE / "features-12.toml"),
    "SEALWAX_POLICY": str(HERE / "policy-10.toml"),
    "SEALWAX_SCORING__CHECKPOINT": "none",
}
"""As environment variables."""
USERS: Final = 10_000

Record = tuple[bytes, bytes]
"""Key and value."""


def from_kafka(count: int, settings: dict[str, str] = SETTINGS) -> Run:
    """Kafka to Kafka, over so many events that are there."""
    with MockCluster() as cluster, state_directory() as state:
        cluster.fill(events(count, USERS))
        return _to_end(cluster.url, cluster.url, state, cluster.written, settings)


def from_file(count: int) -> Run:
    """From a file to a directory, as a backtest does."""
    with state_directory() as state:
        source, sink = state.with_name("events.jsonl"), state.with_name("out")
        source.write_bytes(b"".join(value + b"\n" for _, value in events(count, USERS)))
        return _to_end(str(source), str(sink), state, _Lines(sink / "risk-updates.jsonl").count, SETTINGS)


def baseline(count: int) -> Run:
    """Kafka to Kafka with what Bytewax brings."""
    with MockCluster() as cluster:
        cluster.fill(events(count, USERS))
        return watch([sys.executable, "-m", "benchmarks.baseline", cluster.bootstrap], cluster.written)


@contextmanager
def state_directory() -> Iterator[Path]:
    """A path for a state directory, in a temporary one."""
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        yield Path(folder) / "state"


def _to_end(source: str, sink: str, state: Path, written: Callable[[], int], settings: dict[str, str]) -> Run:
    command = [sys.executable, "-m", "dataflows.cli", "run", "--source", source, "--sink", sink, "--stop-at-end"]
    return watch(command, written, settings=settings | {"SEALWAX_STATE__DIRECTORY": str(state)})


class _Lines:
    """The lines of a growing file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read = 0
        self._count = 0

    def count(self) -> int:
        """How many there are now."""
        if self._path.exists():
            with self._path.open("rb") as file:
                file.seek(self._read)
                more = file.read()
            self._read += len(more)
            self._count += more.count(b"\n")
        return self._count
