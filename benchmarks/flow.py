"""The flow's budgets, measured: CPU time of all its processes for each event, beside a baseline in the same run.

    python -m benchmarks.flow no-model | users | processes | latency | backtest [--full]

Records come from and go to librdkafka's mock cluster, in a process of its own that is not counted, nor is what fills
it. What counts is the flow in its stride, from a fifth of the events to nineteen twentieths. Quick runs take a minute
or two of an idle machine.
"""

import argparse
from collections.abc import Callable
from statistics import median

from rich.console import Console
from rich.table import Table

from benchmarks import latency, users
from benchmarks.flows import SETTINGS, baseline, from_file, from_kafka
from benchmarks.machine import calibration, machine
from benchmarks.watching import Run


def no_model(full: bool) -> Table:
    """Kafka in, twelve features, policy, Kafka out; beside Bytewax's own ends with two aggregates between them."""
    count, repeats = (400_000, 5) if full else (150_000, 2)
    runs = {"the flow": lambda: from_kafka(count), "Bytewax's own ends and operators": lambda: baseline(count)}
    return _compared(f"No model, {count:,} events", runs, repeats)


def processes(full: bool) -> Table:
    """One process against two."""
    count, repeats = (400_000, 5) if full else (200_000, 2)
    two = SETTINGS | {"SEALWAX_PROCESSES": "2"}
    runs = {"1 process": lambda: from_kafka(count), "2 processes": lambda: from_kafka(count, two)}
    return _compared(f"Processes, {count:,} events", runs, repeats)


def backtest(full: bool) -> Table:
    """From Kafka to Kafka against from a file to a directory."""
    count, repeats = (400_000, 5) if full else (150_000, 2)
    runs = {"Kafka to Kafka": lambda: from_kafka(count), "file to directory": lambda: from_file(count)}
    return _compared(f"As in a backtest, {count:,} events", runs, repeats)


def _compared(title: str, runs: dict[str, Callable[[], Run]], repeats: int) -> Table:
    """Medians over runs that take turns, so that a busy moment meets all."""
    seen: dict[str, list[Run]] = {name: [] for name in runs}
    for _ in range(repeats):
        for name, run in runs.items():
            seen[name].append(run())
    columns = ("", "CPU µs an event", "times the first", "events/s", "times the first", "MiB resident")
    table = Table(*columns, title=f"{title}\n{machine()}")
    costs = {name: median(run.cost for run in done) for name, done in seen.items()}
    rates = {name: median(run.rate for run in done) for name, done in seen.items()}
    first = next(iter(runs))
    for name, done in seen.items():
        cost, rate = f"{costs[name]:.1f}", f"{rates[name]:,.0f}"
        memory = f"{max(run.rss for run in done) >> 20}"
        table.add_row(
            name, cost, f"{costs[name] / costs[first]:.2f}", rate, f"{rates[name] / rates[first]:.2f}", memory
        )
    table.add_row("one turn of a fixed loop of Python", f"{calibration():.2f}")
    return table


BENCHMARKS: dict[str, Callable[[bool], Table]] = {
    "no-model": no_model,
    "users": users.measure,
    "processes": processes,
    "latency": latency.measure,
    "backtest": backtest,
}


def main() -> None:
    """Measure what is named and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("benchmark", choices=BENCHMARKS)
    parser.add_argument("--full", action="store_true", help="longer and repeated more often")
    options = parser.parse_args()
    Console(width=120).print(BENCHMARKS[options.benchmark](options.full))


if __name__ == "__main__":
    main()
