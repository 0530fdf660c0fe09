"""entities: the merchants, devices, cards and IPs of each key group."""

from functools import partial

from bytewax.operators import StatefulBatchLogic

from dataflows import metrics
from dataflows.state import KeyedState, StateDirectory
from operators.entities import EntityGroup
from operators.features import FeatureSet
from operators.packs import EntityPack, Query, Reply, decode_list, encode_list
from operators.ring import Ring

_WAITING = "waiting"
Waiting = list[tuple[Query, bool]]


class EntitiesLogic(StatefulBatchLogic[EntityPack, list[Reply], tuple[int, int]]):
    """An EntityGroup over its durable state; the snapshot is the versions of entities and waiting queries."""

    def __init__(self, group: EntityGroup, states: KeyedState[Ring], waiting: KeyedState[Waiting]) -> None:
        self._group = group
        self._states = states
        self._waiting = waiting
        for query, late in waiting.get(_WAITING) or []:
            group.wait(query, late)

    def on_batch(self, values: list[EntityPack]) -> tuple[list[list[Reply]], bool]:
        with metrics.timed("entities"):
            replies = [reply for pack in values for reply in self._group.on_pack(pack)]
        return [replies] if replies else [], StatefulBatchLogic.RETAIN

    def snapshot(self) -> tuple[int, int]:
        waiting = self._group.waiting
        if waiting or self._waiting.get(_WAITING):
            self._waiting.put(_WAITING, waiting)
        return self._states.snapshot(), self._waiting.snapshot()


def build(
    features: FeatureSet, directory: StateDirectory, cache_entries: int, key: str, versions: tuple[int, int] | None
) -> EntitiesLogic:
    """The logic of key group `key`, as it was at `versions`."""
    entities, queries = directory.table("entities", key), directory.table("queries", key)
    entities.rollback(versions and versions[0])
    queries.rollback(versions and versions[1])
    states = KeyedState(entities, Ring.encode, Ring.decode, cache_entries)
    waiting: KeyedState[Waiting] = KeyedState(queries, encode_list, partial(decode_list, kind=tuple[Query, bool]), 1)
    return EntitiesLogic(EntityGroup(features, states), states, waiting)
