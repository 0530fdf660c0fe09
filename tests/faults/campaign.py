"""A flow whose processes are killed again and again while its input comes in, compared with one that is left alone."""

import heapq
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from typing import Any, Final, NamedTuple

from confluent_kafka import Producer

from contracts.codec import encode_decision, encode_event, encode_label
from contracts.control import control_key, encode_control
from dataflows import recovery
from dataflows.connectors.kafka_output import partition_of
from dataflows.running import flow_job
from dataflows.settings import Settings
from dataflows.supervisor import RestartPolicy, Supervisor
from dataflows.worker import Job
from tests.faults.commit import between_snapshots_and_frontier
from tests.faults.hooks import Faults, tell
from tests.faults.plan import ALL, COMMIT, OUTSIDE, Kill, Mode, kill_at
from tests.flow.harness import PARTITIONS, Cluster, Outputs, flow_settings
from tests.flow.stream import Stream

_POLL: Final = 0.02
_PATIENCE: Final = 10.0
"""Seconds after which a process that was to kill itself is killed from outside: its plan lay beyond the input."""
_SLICE_SECONDS: Final = 1.5
"""Each start is given a slice of the input, so slowly that it goes through several epochs."""
_STEPS: Final = 50
_AHEAD: Final = 120_000
"""A change of the policy is sent so long (ms of event time) before it becomes effective."""


class Sent(NamedTuple):
    """A record of the input."""

    topic: str
    partition: int
    key: bytes
    value: bytes


@dataclass(frozen=True)
class Result:
    """What a campaign did, and what came out."""

    status: int
    kills: Counter[str]
    """By where they struck."""
    starts: int
    scans: int
    """Resumed output partitions that held ids that were to come again."""
    suppressed: int
    outputs: Outputs


@dataclass(frozen=True)
class Campaign:
    """`kills` kills, seeded, on so many `processes`, each start taking the next of these numbers; the controls break
    what makes the flow survive."""

    processes: tuple[int, ...]
    kills: int
    seed: int
    mode: Mode = "mixed"
    fenced: bool = False
    forgetful: bool = False
    unpruned: bool = False

    def run(self, cluster: Cluster, stream: Stream, directory: Path) -> Result:
        """Feed the stream to the cluster's topics and run the flow over it, until all is read."""
        notes = directory / "notes"
        notes.mkdir()
        records = list(input_records(cluster, stream))
        settings = self._settings(cluster, directory / "state")
        faults = Faults(notes=notes, seed=self.seed, kills=self.kills, mode=self.mode, forgetful=self.forgetful)
        job = _job(settings, cluster, records, faults)
        feeder = _Feeder(cluster.bootstrap, records, slices=self.kills + 1)
        with _pruning(not self.unpruned), _supervised(job, self.processes) as supervised:
            starts = self._drive(supervised, feeder, notes, job.recovery)
        return Result(
            status=supervised.status,
            kills=Counter(_lines(notes / "kills")),
            starts=starts,
            scans=len(_lines(notes / "found")),
            suppressed=sum(map(int, _lines(notes / "suppressed"))),
            outputs=cluster.outputs(),
        )

    def _settings(self, cluster: Cluster, state: Path) -> Settings:
        """Short epochs. Fenced, nothing has to be waited for: what a killed process has on the network can't count."""
        sink = {"delivery": "fenced", "quiet": "0ms"} if self.fenced else {"quiet": "1s"}
        changes: dict[str, Any] = {"sink": sink, "state": {"epoch": "100ms"}}
        return flow_settings(state, cluster.bootstrap, cluster.topics, **changes)

    def _drive(self, supervised: "_Supervised", feeder: "_Feeder", notes: Path, recovery: Path) -> int:
        """Feed and kill, start by start, until the flow has ended; the number of starts."""
        starts: list[str] = []
        over = threading.Event()
        while supervised.is_alive():
            for run_id in {file.name.split(".")[0] for file in notes.glob("*.0.pid")} - set(starts):
                over.set()
                over = threading.Event()
                if len(starts) < self.kills:
                    kill = kill_at(self.seed, len(starts), supervised.supervisor.size, self.mode)
                    _Killer(kill, run_id, notes, recovery, over).start()
                starts.append(run_id)
            feeder.feed(len(starts))
            time.sleep(_POLL)
        over.set()
        return len(starts)


class _Killer(threading.Thread):
    """Ends one start of the processes, unless they do so themselves; `over` is set when they are gone."""

    def __init__(self, kill: Kill, run_id: str, notes: Path, recovery: Path, over: threading.Event) -> None:
        super().__init__()
        self._kill = kill
        self._run_id = run_id
        self._notes = notes
        self._recovery = recovery
        self._over = over

    def run(self) -> None:
        if self._kill.point == COMMIT:
            between_snapshots_and_frontier(self._recovery, self._kill.call, self._strike, self._over, _PATIENCE)
        elif not self._over.wait(self._kill.delay if self._kill.point == OUTSIDE else _PATIENCE):
            self._strike(OUTSIDE)

    def _strike(self, point: str = COMMIT) -> None:
        victim = "*" if self._kill.victim == ALL else self._kill.victim
        for file in self._notes.glob(f"{self._run_id}.{victim}.pid"):
            with suppress(ProcessLookupError):
                os.kill(int(file.read_text()), signal.SIGKILL)
                tell(self._notes, "kills", point)


class _Rescaling(Supervisor):
    """Never gives up, and changes the number of processes at every start."""

    def __init__(self, job: Job, sizes: Sequence[int]) -> None:
        super().__init__(job, sizes[0], RestartPolicy(first_pause=0.05, longest_pause=0.1, attempts=1_000_000))
        self._sizes = cycle(sizes)
        self.size = sizes[0]

    def _run_once(self, lock: int) -> list[int | None]:
        self.size = self._processes = next(self._sizes)
        return super()._run_once(lock)


class _Supervised(threading.Thread):
    """The supervisor at work."""

    def __init__(self, job: Job, processes: Sequence[int]) -> None:
        super().__init__()
        self.supervisor = _Rescaling(job, processes)
        self.status = -1

    def run(self) -> None:
        self.status = self.supervisor.run()


@contextmanager
def _supervised(job: Job, processes: Sequence[int]) -> Iterator[_Supervised]:
    """A supervisor that doesn't outlive the context."""
    supervised = _Supervised(job, processes)
    supervised.start()
    try:
        yield supervised
    finally:
        supervised.supervisor.stop()
        supervised.join()


@dataclass
class _Feeder:
    """Sends the input, a slice for each start, in small steps."""

    bootstrap: str
    records: list[Sent]
    slices: int
    _sent: int = 0
    _next: float = 0.0
    _producer: Producer = field(init=False)

    def __post_init__(self) -> None:
        self._producer = Producer({"bootstrap.servers": self.bootstrap, "linger.ms": 0})
        self._step = -(-len(self.records) // (self.slices * _STEPS))

    def feed(self, starts: int) -> None:
        """Send one step, if it is time and the slices of so many starts aren't sent yet."""
        most = len(self.records) * min(starts, self.slices) // self.slices
        if time.monotonic() < self._next or self._sent >= most:
            return
        self._next = time.monotonic() + _SLICE_SECONDS / _STEPS
        for topic, partition, key, value in self.records[self._sent : min(self._sent + self._step, most)]:
            self._producer.produce(topic, value, key, partition)
            self._sent += 1
        assert self._producer.flush(60) == 0


def input_records(cluster: Cluster, stream: Stream) -> Iterator[Sent]:
    """The stream's events, and labels, decisions and changes at about the time at which they become known."""
    topics = cluster.topics
    events, latest = [], 0
    for event in stream.events:
        latest = max(latest, event.event_time)
        events.append((latest, topics.transactions, event.user_id, encode_event(event)))
    labels = [(label.label_time, topics.labels, label.user_id, encode_label(label)) for label in stream.labels]
    decisions = [(one.decision_time, topics.decisions, one.user_id, encode_decision(one)) for one in stream.decisions]
    changes = [
        (one.effective_at - _AHEAD, topics.control, control_key(one).decode(), encode_control(one))
        for one in stream.changes
    ]
    for _, topic, key, value in heapq.merge(events, labels, decisions, changes, key=lambda timed: timed[0]):
        yield Sent(topic, partition_of(key.encode(), PARTITIONS), key.encode(), value)


def _job(settings: Settings, cluster: Cluster, records: list[Sent], faults: Faults) -> Job:
    """The flow's job, to be built by the hooks and to end where the input will end."""
    job = flow_job(settings, cluster.url, cluster.url, cluster.url, stop_at_end=False)
    ends = Counter(f"{record.topic}-{record.partition}" for record in records)
    names = cluster.topics
    topics = (names.transactions, names.labels, names.decisions, names.control)
    arguments: dict[str, Any] = job.arguments | {
        "ends": {f"{topic}-{number}": ends[f"{topic}-{number}"] for topic in topics for number in range(PARTITIONS)},
        "faults": faults.model_dump(mode="json"),
    }
    return job.model_copy(update={"build": "tests.faults.hooks:build", "arguments": arguments})


@contextmanager
def _pruning(wanted: bool) -> Iterator[None]:
    """The supervisor prunes in this process: where that isn't wanted, stale snapshots stay."""
    prune = recovery._prune
    if not wanted:
        recovery._prune = lambda file, resume: None
    try:
        yield
    finally:
        recovery._prune = prune


def _lines(note: Path) -> list[str]:
    return note.read_text().splitlines() if note.exists() else []
