"""join: the events of each key group, in order, once all their entities have answered."""

from dataflows.state import KeyedState, StateDirectory
from dataflows.steps.route import GROUP_KEYS
from operators.features import FeatureSet
from operators.join import OrderedJoin
from operators.packs import Enriched, JoinPack, Reply, encode_list, list_decoder

_PENDING = "pending"
Pending = tuple[list[Enriched], list[Reply]]


class JoinPart:
    """An OrderedJoin, whose queue is kept in durable state."""

    def __init__(self, join: OrderedJoin, pending: KeyedState[list[Pending]]) -> None:
        self._join = join
        self._pending = pending
        for enriched, early in pending.get(_PENDING) or []:
            join.restore(enriched, early)

    def take(self, packs: list[JoinPack]) -> list[list[Enriched]]:
        released = [event for pack in packs for event in self._join.on_pack(pack)]
        return [released] if released else []

    def snapshot(self) -> int:
        queue, early = self._join.pending
        if queue or early:
            self._pending.put(_PENDING, [(queue, early)])
        elif self._pending.get(_PENDING):
            self._pending.put(_PENDING, [])
        return self._pending.snapshot()


def open_part(features: FeatureSet, directory: StateDirectory, group: int, version: int | None) -> JoinPart:
    """The part of a key group, as it was at `version`."""
    store = directory.table("join", GROUP_KEYS[group])
    store.rollback(version)
    pending: KeyedState[list[Pending]] = KeyedState(store, encode_list, list_decoder(Pending), 1)
    return JoinPart(OrderedJoin(features), pending)
