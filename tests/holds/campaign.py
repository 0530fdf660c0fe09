"""A service over a table of holds that is killed again and again, beside a flow that is, too."""

import random
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple, Self

from contracts.messages import PolicyActionMessage
from dataflows.dead_letters import DeadLetter
from dataflows.holds import Hold, HoldTable, consume
from dataflows.logs import count_records
from tests.faults.campaign import Campaign, Result
from tests.faults.plan import OUTSIDE
from tests.flow.harness import Cluster, flow_settings, run_to_end
from tests.flow.stream import Stream
from tests.holds.oracle import every_hold
from tests.holds.service import start_service
from tests.holds.victim import BREAK, CALL, POINT, POINTS
from tests.processes import finish

_PATIENCE: Final = 12.0
"""Seconds after which a service that was to kill itself is killed from outside: there was too little for it to do."""
_LONGEST_LIFE: Final = 3.0
_POLL: Final = 0.1
_LATEST: Final = {"write": 12, "before commit": 5, "after commit": 5}
"""At which of its calls a service dies at the latest."""
_REWINDS: Final = 0.3
"""So many of the starts read the topic from its beginning; once the flow has ended all do, to have work."""


class Contents(NamedTuple):
    """All that a table holds but positions."""

    holds: list[Hold]
    history: dict[str, list[PolicyActionMessage]]
    refused: list[DeadLetter]

    @classmethod
    def of(cls, url: str) -> Self:
        with HoldTable.open(url) as table:
            holds = every_hold(table)
            return cls(holds, {hold.hold_id: table.history(hold.hold_id) for hold in holds}, table.refused())


@dataclass
class Killed:
    """A service that is killed so many times, each time at another moment, and then reads on to the end."""

    source: str
    topic: str
    table: str
    kills: int
    seed: int
    broken: bool = False
    points: Counter[str] = field(default_factory=Counter)
    """Where it was killed."""

    def run(self, over: threading.Event) -> None:
        """Kill from the first record on; then, once `over` is set, read the rest."""
        while not (over.is_set() or count_records(self.source, self.topic, {})):
            time.sleep(_POLL)
        rng = random.Random(self.seed)
        for _ in range(self.kills):
            point = rng.choice([*POINTS, OUTSIDE])
            call, life = rng.randint(1, _LATEST.get(point, 1)), rng.uniform(0.5, _LONGEST_LIFE)
            rewinds = over.is_set() or rng.random() < _REWINDS
            self.live_and_die(point, call, life if point == OUTSIDE else _PATIENCE, rewinds=rewinds)
        over.wait()
        self.read_on()

    def read_on(self) -> None:
        """Let the service go on to the end."""
        status, said = finish(self._start({}, "--stop-at-end"))
        assert status == 0, said

    def live_and_die(self, point: str, call: int, life: float = _PATIENCE, *, rewinds: bool = False) -> None:
        """Start the service, perhaps from the topic's start, and let it die at a call of a point, or so late (s)."""
        flags = ["--from-start"] if rewinds else []
        service = self._start({} if point == OUTSIDE else {POINT: point, CALL: str(call)}, *flags)
        try:
            service.wait(life)
        except subprocess.TimeoutExpired:
            service.kill()
            point = OUTSIDE
        status, said = finish(service)
        assert status == -signal.SIGKILL, said
        self.points[point] += 1

    def _start(self, environment: dict[str, str], *flags: str) -> Any:
        variables = environment | ({BREAK: "1"} if self.broken else {})
        return start_service(
            self.source, self.topic, self.table, *flags, module="tests.holds.victim", environment=variables
        )


class Trial(NamedTuple):
    """What a campaign did, and what the tables hold after it and after an undisturbed run."""

    flow: Result
    points: Counter[str]
    disturbed: list[Contents]
    undisturbed: Contents
    actions: Cluster
    """Where the undisturbed run has written its actions."""

    @property
    def is_clean(self) -> bool:
        return self.flow.status == 0 and all(contents == self.undisturbed for contents in self.disturbed)


def run_trial(
    campaign: Campaign, kills: int, tables: Sequence[str], stream: Stream, make_cluster: Callable[..., Cluster],
    directory: Path,
) -> Trial:  # fmt: skip
    """Run a flow under a campaign's kills and, on its actions, a killed service for each table; then all once more."""
    disturbed = make_cluster()
    topics = disturbed.topics
    services = [
        Killed(disturbed.url, topics.policy_actions, table, kills, campaign.seed + number)
        for number, table in enumerate(tables)
    ]
    over = threading.Event()
    with ThreadPoolExecutor(len(services)) as threads:
        running = [threads.submit(service.run, over) for service in services]
        try:
            result = campaign.run(disturbed, stream, directory)
        finally:
            over.set()
        for one in running:
            one.result()
    alone = make_cluster(transactions=topics.transactions, labels=topics.labels, decisions=topics.decisions)
    run_to_end(flow_settings(directory / "alone", alone.bootstrap, alone.topics), alone.url, alone.url, alone.url)
    points = sum((service.points for service in services), Counter[str]())
    return Trial(result, points, [Contents.of(table) for table in tables], _undisturbed(alone, directory), alone)


def _undisturbed(cluster: Cluster, directory: Path) -> Contents:
    url = str(directory / "undisturbed.db")
    with HoldTable.open(url) as table:
        consume(table, cluster.url, topic=cluster.topics.policy_actions, stop_at_end=True)
    return Contents.of(url)
