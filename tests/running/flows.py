"""Tiny flows for the supervisor to run. Their output can be checked item by item."""

import os
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import bytewax.operators as op
from bytewax.dataflow import Dataflow
from bytewax.inputs import FixedPartitionedSource, StatefulSourcePartition
from bytewax.outputs import FixedPartitionedSink, StatefulSinkPartition

from dataflows.connectors.base import DeliveryError, NoAnswerError
from dataflows.drain import draining
from dataflows.errors import RestartRequiredError, UserError
from dataflows.worker import Job

PARTITIONS = 4
KEYS = 7
HANGS = 600.0
"""Seconds; no test waits so long."""


class _NumbersPartition(StatefulSourcePartition[tuple[str, int], int]):
    """One item in every `pause`: the keys in turn."""

    def __init__(self, partition: int, emitted: int, arguments: dict[str, Any]) -> None:
        self._partition = partition
        self._emitted = emitted
        self._items = arguments["items"]
        self._pause = timedelta(milliseconds=arguments["pause_ms"])
        self._awake: datetime | None = None

    def next_batch(self) -> list[tuple[str, int]]:
        if draining.is_set() or self._emitted == self._items:
            raise StopIteration
        self._emitted += 1
        self._awake = datetime.now(UTC) + self._pause
        return [(key_of(self._partition, self._emitted), 1)]

    def next_awake(self) -> datetime | None:
        return self._awake

    def snapshot(self) -> int:
        return self._emitted


def key_of(partition: int, number: int) -> str:
    return str((partition + number) % KEYS)


class Numbers(FixedPartitionedSource[tuple[str, int], int]):
    def __init__(self, arguments: dict[str, Any]) -> None:
        self._arguments = arguments

    def list_parts(self) -> list[str]:
        return [str(partition) for partition in range(PARTITIONS)]

    def build_part(self, step_id: str, for_part: str, resume_state: int | None) -> _NumbersPartition:
        return _NumbersPartition(int(for_part), resume_state or 0, self._arguments)


class _LinesPartition(StatefulSinkPartition[int, None]):
    def __init__(self, file: Path, key: str) -> None:
        self._file, self._key = file, key

    def write_batch(self, values: list[int]) -> None:
        with self._file.open("a") as file:
            file.writelines(f"{self._key} {value}\n" for value in values)

    def snapshot(self) -> None:
        return None


class Lines(FixedPartitionedSink[int, None]):
    """Appends "key value" to a file per key."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def list_parts(self) -> list[str]:
        return [str(key) for key in range(KEYS)]

    def part_fn(self, item_key: str) -> int:
        return int(item_key)

    def build_part(self, step_id: str, for_part: str, resume_state: None) -> _LinesPartition:
        return _LinesPartition(self._directory / f"key-{for_part}", for_part)


def expected(items: int) -> set[str]:
    """The lines of a whole run with so many items in each partition."""
    totals = Counter(key_of(part, number) for part in range(PARTITIONS) for number in range(1, items + 1))
    return {f"{key} {value}" for key, total in totals.items() for value in range(1, total + 1)}


def _running_count(state: int | None, value: int) -> tuple[int, int]:
    total = (state or 0) + value
    return total, total


def counting(job: Job) -> Dataflow:
    """How often each key has come so far. Leaves its process id behind."""
    out = Path(str(job.arguments["out"]))
    (out / f"pid-{job.index}").write_text(str(os.getpid()))
    flow = Dataflow("counting")
    items = op.input("in", flow, Numbers(job.arguments))
    op.output("out", op.stateful_map("count", items, _running_count), Lines(out))
    return flow


def loading(job: Job) -> Dataflow:
    """Takes its time before there is a flow."""
    _note_start(job)
    time.sleep(HANGS)
    return counting(job)


def refusing(job: Job) -> Dataflow:
    """Finds a mistake in the policy file before it starts."""
    _note_start(job)
    raise UserError("policy.toml: rules[3].score: must be at most 1, such as 0.9")


def refusing_later(job: Job) -> Dataflow:
    """Finds the mistake in the midst of the run, in one of the processes."""
    return _failing(job, UserError("topic transactions: partition 2 has lost offset 17: restore it"))


def crashing(job: Job) -> Dataflow:
    return _failing(job, ZeroDivisionError("a fault of the program"))


def undelivered(job: Job) -> Dataflow:
    """Loses its transport, which a new start may mend."""
    return _failing(job, DeliveryError("a record for updates-0 was not delivered: out of sequence"))


def unanswered(job: Job) -> Dataflow:
    """Asks a cluster that is down just then."""
    _note_start(job)
    raise NoAnswerError("Kafka: asked how many partitions 'transactions' has: timed out")


def growing(job: Job) -> Dataflow:
    """Needs a new start in its first run, and completes in its second."""
    earlier = {file.name for file in Path(str(job.arguments["out"])).glob("started-*")} - {f"started-{job.run_id}"}
    if earlier:
        return counting(job)
    return _failing(job, RestartRequiredError("topic transactions has grown to 6 partitions"))


def _failing(job: Job, error: Exception) -> Dataflow:
    """Raises as soon as key 3 is seen, in the one process that the engine sends it to."""
    _note_start(job)

    def fail_at_3(state: int | None, value: int) -> tuple[int, int]:
        raise error

    flow = Dataflow("failing")
    items = op.input("in", flow, Numbers(job.arguments))
    watched = op.filter("only-3", items, lambda item: item[0] == "3")
    op.output("out", op.stateful_map("fail", watched, fail_at_3), Lines(Path(str(job.arguments["out"]))))
    return flow


def _note_start(job: Job) -> None:
    (Path(str(job.arguments["out"])) / f"started-{job.run_id}").touch()
