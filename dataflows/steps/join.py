"""join: the events of each key group, in order, once all their entities have answered."""

from functools import partial

from bytewax.operators import StatefulBatchLogic

from dataflows.state import KeyedState, StateDirectory
from operators.features import FeatureSet
from operators.join import OrderedJoin
from operators.packs import Enriched, JoinPack, Reply, decode_list, encode_list

_PENDING = "pending"
Pending = tuple[list[Enriched], list[Reply]]


class JoinLogic(StatefulBatchLogic[JoinPack, list[Enriched], int]):
    """An OrderedJoin, whose queue is kept in durable state; the snapshot is the state's version."""

    def __init__(self, join: OrderedJoin, pending: KeyedState[list[Pending]]) -> None:
        self._join = join
        self._pending = pending
        for enriched, early in pending.get(_PENDING) or []:
            join.restore(enriched, early)

    def on_batch(self, values: list[JoinPack]) -> tuple[list[list[Enriched]], bool]:
        released = [event for pack in values for event in self._join.on_pack(pack)]
        return [released] if released else [], StatefulBatchLogic.RETAIN

    def snapshot(self) -> int:
        queue, early = self._join.pending
        if queue or early:
            self._pending.put(_PENDING, [(queue, early)])
        elif self._pending.get(_PENDING):
            self._pending.put(_PENDING, [])
        return self._pending.snapshot()


def build(features: FeatureSet, directory: StateDirectory, key: str, version: int | None) -> JoinLogic:
    """The logic of key group `key`, as it was at `version`."""
    store = directory.table("join", key)
    store.rollback(version)
    pending: KeyedState[list[Pending]] = KeyedState(store, encode_list, partial(decode_list, kind=Pending), 1)
    return JoinLogic(OrderedJoin(features), pending)
