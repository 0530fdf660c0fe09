"""The flow, instrumented from the outside: how long its worker stands still for each epoch's snapshots.

`build` goes into a Job in the place of the flow's own. Next to the state it leaves a line of JSON for each epoch.
"""

import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import msgspec
from bytewax.dataflow import Dataflow

from dataflows import flow
from dataflows.steps import sink, source
from dataflows.steps.grouped import GroupLogic
from dataflows.steps.users import UsersPart
from dataflows.worker import Job

_FILE: Final = "epochs.jsonl"


class Epoch(msgspec.Struct):
    """What the snapshots at an epoch's end took: seconds by step, of the clock and of the worker's CPU time."""

    wall: dict[str, float]
    cpu: dict[str, float]
    users: int
    """Users that had changed."""


def epochs(state: Path) -> list[Epoch]:
    """All that a flow over the state directory has gone through, but the first and the last: they are not whole."""
    return [msgspec.json.decode(line, type=Epoch) for line in (state / _FILE).read_bytes().splitlines()][1:-1]


def forget(state: Path) -> None:
    """Begin anew."""
    (state / _FILE).unlink()


def build(job: Job) -> Dataflow:
    """The flow of one engine process, with a watch on every snapshot."""
    watch = _Watch(job.state / _FILE)
    watch.around(source._Partition, lambda _: "source")
    watch.around(GroupLogic, lambda logic: type(logic._part).__name__.removesuffix("Part").lower())
    watch.around(sink._Partition, lambda _: "sink")
    return flow.build(job)


class _Watch:
    def __init__(self, path: Path) -> None:
        self._file = path.open("ab")
        self._wall: defaultdict[str, float] = defaultdict(float)
        self._cpu: defaultdict[str, float] = defaultdict(float)
        self._users = 0

    def around(self, owner: type[Any], step: Callable[[Any], str]) -> None:
        """Measure every call of `owner.snapshot` as a part of `step`."""
        inner = owner.snapshot

        def snapshot(self_: Any) -> Any:
            if owner is source._Partition and len(self._wall) > 1:
                self._end()
            if isinstance(part := getattr(self_, "_part", None), UsersPart):
                self._users += part._states.changed
            wall, cpu = time.perf_counter(), time.thread_time()
            state = inner(self_)
            self._wall[step(self_)] += time.perf_counter() - wall
            self._cpu[step(self_)] += time.thread_time() - cpu
            return state

        owner.snapshot = snapshot

    def _end(self) -> None:
        """The sources are snapshotted first: when others were since, it was the last epoch's end."""
        epoch = Epoch(self._wall, self._cpu, self._users)
        self._file.write(msgspec.json.encode(epoch) + b"\n")
        self._file.flush()
        self._wall, self._cpu, self._users = defaultdict(float), defaultdict(float), 0
