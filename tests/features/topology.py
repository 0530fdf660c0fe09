"""The flow's operators between queues, without the engine: any interleaving, any packing, torn down and resumed."""

import pickle
from collections import deque
from collections.abc import Callable, Sequence
from itertools import chain
from random import Random
from typing import Any

from contracts.events import Event, Label
from operators.entities import EntityGroup
from operators.features import FeatureSet
from operators.join import OrderedJoin
from operators.packs import (
    Arrival,
    Enriched,
    EntityPack,
    JoinPack,
    Reply,
    UserPack,
    Waiting,
    encode_list,
    list_decoder,
)
from operators.ring import Ring
from operators.settling import ABSENT_INPUT, UNKNOWN, lateness
from operators.state import DictStates
from operators.users import UserGroup, UserOutput, UserState
from tests.features.streams import Stream
from tests.operators.disk import Disk

GROUPS = 3
"""Of users, and of entities."""


def group_of(user_id: str) -> int:
    return sum(user_id.encode()) % GROUPS


class Source:
    """One partition's events and labels, given a few at a time with the watermark behind them."""

    def __init__(self, number: int, items: Sequence[Event | Label], allowed: int) -> None:
        self.number = number
        self._items = list(items)
        self._next = 0
        self._latest = UNKNOWN
        self._allowed = allowed
        self.finished = False

    def give(self, most: int) -> list[UserPack]:
        """The next items, packed by group: a pack for each, since each is told the watermark."""
        packs = [UserPack(group, [], [], []) for group in range(GROUPS)]
        for item in self._items[self._next : self._next + most]:
            pack = packs[group_of(item.user_id)]
            if isinstance(item, Event):
                late = item.event_time < self._latest - self._allowed
                pack.arrivals.append(Arrival(item, self.number, self._next, late, 0))
                self._latest = max(self._latest, item.event_time)
            else:
                pack.labels.append(item)
                self._latest = max(self._latest, item.label_time)
            self._next += 1
        self.finished = self._next == len(self._items)
        for pack in packs:
            pack.watermarks.append((self.number, self.watermark))
        return packs

    @property
    def watermark(self) -> int:
        return ABSENT_INPUT if self.finished else max(UNKNOWN, self._latest - self._allowed)


class Topology:
    """Sources, user groups, entity groups and joins, with a queue from each to each. `seed` decides who goes next."""

    def __init__(self, features: FeatureSet, partitions: Sequence[Sequence[Event | Label]], seed: int) -> None:
        self._features = features
        self._random = Random(seed)
        allowed = lateness(features.settle)
        self._sources = [Source(number, items, allowed) for number, items in enumerate(partitions)]
        self._user_states: list[DictStates[UserState]] = [DictStates() for _ in range(GROUPS)]
        self._entity_states: list[DictStates[Ring]] = [DictStates() for _ in range(GROUPS)]
        self._user_disk, self._entity_disk = Disk(UserState), Disk(Ring)
        self._pages: list[dict[int, Any]] = [{} for _ in range(GROUPS)]
        self._make_operators()
        self._queues: dict[tuple[str, int, int], deque[Any]] = {}
        self.released: list[list[Enriched]] = [[] for _ in range(GROUPS)]
        self.duplicates = self.unmatched = 0

    def _make_operators(self) -> None:
        features, inputs = self._features, len(self._sources)
        self._users = [UserGroup(features, self._user_states[group], group, inputs) for group in range(GROUPS)]
        self._entities = [EntityGroup(features, states, GROUPS) for states in self._entity_states]
        self._joins = [OrderedJoin(features) for _ in range(GROUPS)]

    def run(self, most: int, restarts: float = 0.0) -> list[list[Enriched]]:
        """Until everything is through: `most` records at once, `restarts` the chance of one after each step."""
        while not all(source.finished for source in self._sources):
            source = self._random.choice([source for source in self._sources if not source.finished])
            for pack in source.give(self._random.randint(1, most)):
                self._send("users", source.number, pack.group, pack)
            self._deliver(self._random.randint(0, 12))
            self._forget()
            if self._random.random() < restarts:
                self._restart()
        self._deliver(None)
        assert not any(join.left != join.came or join.early for join in self._joins)
        return self.released

    def _send(self, step: str, origin: int, target: int, pack: Any) -> None:
        self._queues.setdefault((step, origin, target), deque()).append(pack)

    def _deliver(self, most: int | None) -> None:
        """Hand over so many packs, or all; each queue keeps its order."""
        steps: dict[str, Callable[[int, Any], None]] = {
            "users": self._on_user_pack,
            "entities": self._on_entity_pack,
            "join": self._on_join_pack,
        }
        while most is None or most > 0:
            waiting = sorted(key for key, queue in self._queues.items() if queue)
            if not waiting:
                return
            step, origin, target = self._random.choice(waiting)
            pack = self._queues[step, origin, target].popleft()
            steps[step](target, pickle.loads(pickle.dumps(pack)))
            most = most and most - 1

    def _on_user_pack(self, group: int, pack: UserPack) -> None:
        output = self._users[group].on_pack(pack)
        self.duplicates += output.duplicates
        self.unmatched += output.unmatched
        self._send("join", group, group, JoinPack(group, output.enriched, []))
        for target in range(GROUPS):
            self._send("entities", group, target, self._share(group, target, output))

    def _share(self, group: int, target: int, output: UserOutput) -> EntityPack:
        queries = [query for query in output.queries if query.entity % GROUPS == target]
        labels = [label for label in output.labels if label.entity % GROUPS == target]
        watermarks = [] if output.watermark is None else [(group, output.watermark)]
        return EntityPack(target, queries, labels, watermarks)

    def _on_entity_pack(self, group: int, pack: EntityPack) -> None:
        for reply in self._entities[group].on_pack(pack):
            self._send("join", GROUPS + group, reply.group, JoinPack(reply.group, [], [reply]))

    def _on_join_pack(self, group: int, pack: JoinPack) -> None:
        self.released[group] += self._joins[group].on_pack(pack)

    def _forget(self) -> None:
        """Some of the idle users and entities."""
        for users, group in zip(self._user_states, self._users, strict=True):
            for user, state in self._some(users):
                kept = group.rest(state)
                users.put(user, kept) if kept else users.delete(user)
        for rings, entities in zip(self._entity_states, self._entities, strict=True):
            for key, ring in self._some(rings):
                rest = entities.rest(key, ring)
                rings.put(key, rest) if rest is not None else rings.delete(key)

    def _some(self, states: DictStates[Any]) -> list[tuple[str, Any]]:
        return [item for item in states.items() if self._random.random() < 0.3]

    def _restart(self) -> None:
        """Everything is torn down between two epochs and made anew from the bytes of its state."""
        self._deliver(None)
        users, entities, joins = self._users, self._entities, self._joins
        for states in self._user_states:
            self._user_disk.restart(states)
        for rings in self._entity_states:
            self._entity_disk.restart(rings)
        self._make_operators()
        for group in range(GROUPS):
            self._users[group].wait(recoded(users[group].waiting, Label))
            for page, waiting in entities[group].touched().items():
                self._pages[group][page] = recoded(waiting, Waiting)
            for query, label in chain.from_iterable(self._pages[group].values()):
                self._entities[group].wait(query or label)
            self._entities[group].touched()
            self._joins[group].restore(0, recoded(joins[group].waiting(0), Enriched), [])
            self._joins[group].early = recoded(joins[group].early, Reply)
        for source in self._sources:
            for group in range(GROUPS):
                self._send("users", source.number, group, UserPack(group, [], [], [(source.number, source.watermark)]))


def recoded(items: list[Any], kind: Any) -> list[Any]:
    """What state gives back."""
    return list_decoder(kind)(encode_list(items))


def partitioned(stream: Stream, events: int, labels: int) -> list[Sequence[Event | Label]]:
    """So many partitions of events, and of labels. A user's share one of each."""
    return [
        *([event for event in stream.events if int(event.user_id[1:]) % events == number] for number in range(events)),
        *([label for label in stream.labels if int(label.user_id[1:]) % labels == number] for number in range(labels)),
    ]


def released(topology: Topology, kept: Sequence[Event]) -> list[Enriched]:
    """What left the joins, in the order of `kept`: all of it, nothing twice."""
    left = list(chain.from_iterable(topology.released))
    found = {(one.arrival.event.user_id, one.arrival.event.event_id): one for one in left}
    assert len(found) == len(left) == len(kept)
    return [found[event.user_id, event.event_id] for event in kept]
