"""The flow's budgets, measured: CPU time of all its processes for each event, beside a baseline in the same run.

    python -m benchmarks.flow no-model [--full]

Records come from and go to librdkafka's mock cluster, in a process of its own that is not counted, nor is what fills
it. What counts is the flow in its stride, from a fifth of the events to nineteen twentieths. Quick runs take a minute.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable
from statistics import median

from rich.console import Console
from rich.table import Table

from benchmarks.cluster import MockCluster
from benchmarks.events import events
from benchmarks.machine import calibration, machine
from benchmarks.watching import HERE, Run, watch

USERS = 10_000


def flow_command(source: str, sink: str, state: str, processes: int = 1) -> list[str]:
    """`sealwax run` over what is there, without a model."""
    files = ["--features", str(HERE / "features-12.toml"), "--policy", str(HERE / "policy-10.toml")]
    ends = ["--source", source, "--sink", sink, "--stop-at-end", "--state", state]
    command = [sys.executable, "-m", "dataflows.cli", "run", "--checkpoint", "none"]
    return [*command, *ends, *files, "--processes", str(processes)]


def from_kafka(count: int, users: int = USERS, processes: int = 1) -> tuple[Run, int]:
    """Run the flow over a cluster with so many events; what was seen, and how many updates came out."""
    with MockCluster() as cluster, tempfile.TemporaryDirectory(prefix="benchmark-") as state:
        cluster.fill(events(count, users))
        url = f"kafka://{cluster.bootstrap}"
        run = watch(flow_command(url, url, state, processes), cluster.written)
        return run, cluster.written()


def baseline(count: int, users: int = USERS) -> tuple[Run, int]:
    """The same with what Bytewax brings."""
    with MockCluster() as cluster:
        cluster.fill(events(count, users))
        run = watch([sys.executable, "-m", "benchmarks.baseline", cluster.bootstrap], cluster.written)
        return run, cluster.written()


def no_model(full: bool) -> Table:
    """Kafka in, twelve features, policy, Kafka out."""
    count, repeats = (400_000, 5) if full else (150_000, 2)
    runs = {"the flow": from_kafka, "Bytewax's own ends and operators": baseline}
    seen: dict[str, list[tuple[float, float]]] = {name: [] for name in runs}
    for _ in range(repeats):
        for name, measured in runs.items():
            run, written = measured(count)
            seen[name].append((run.cost(written), run.rate(written)))
    table = Table("", "CPU µs an event", "of the flow's", "events/s", title=f"no model, {count:,} events; {machine()}")
    whole = median(cost for cost, _ in seen["the flow"])
    for name, figures in seen.items():
        cost, rate = (median(column) for column in zip(*figures, strict=True))
        table.add_row(name, f"{cost:.1f}", f"{cost / whole:.2f}", f"{rate:,.0f}")
    table.add_row("one turn of a fixed loop of Python", f"{calibration():.2f}")
    return table


BENCHMARKS: dict[str, Callable[[bool], Table]] = {"no-model": no_model}


def main() -> None:
    """Measure what is named and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("benchmark", choices=BENCHMARKS)
    parser.add_argument("--full", action="store_true", help="longer and repeated more often")
    options = parser.parse_args()
    Console(width=120).print(BENCHMARKS[options.benchmark](options.full))


if __name__ == "__main__":
    main()
