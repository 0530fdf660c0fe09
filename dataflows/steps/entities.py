"""entities: the merchants, devices, cards and IPs of each key group."""

from typing import Final

from dataflows import metrics
from dataflows.state import BlockwiseState, GroupStore, StateDirectory
from dataflows.steps.route import GROUP_KEYS
from dataflows.steps.sweeping import sweep
from operators.entities import EntityGroup
from operators.features import FeatureSet
from operators.packs import EntityPack, Reply, Waiting, encode_list, list_decoder
from operators.ring import Ring

STEP: Final = "entities"
_decode = list_decoder(Waiting)


class EntitiesPart:
    """An EntityGroup over its durable state; the snapshot is the versions of entities and waiting queries."""

    def __init__(self, group: EntityGroup, states: BlockwiseState[Ring], queries: GroupStore) -> None:
        self._group = group
        self._states = states
        self._queries = queries
        for page in queries.keys():  # noqa: SIM118 (no mapping)
            for query, label in _decode(queries.get(page) or b""):
                group.wait(query or label)
        group.touched()

    def take(self, packs: list[EntityPack]) -> list[list[Reply]]:
        with metrics.timed(STEP):
            replies = [reply for pack in packs for reply in self._group.on_pack(pack)]
            sweep(self._states, self._group.rest)
        return [replies] if replies else []

    def snapshot(self) -> tuple[int, int]:
        pages = {
            str(page): encode_list(waiting) if waiting else None for page, waiting in self._group.touched().items()
        }
        with metrics.snapshot(STEP, self._states.changed):
            return self._states.snapshot(), self._queries.append(pages) if pages else self._queries.version


def open_part(
    features: FeatureSet, directory: StateDirectory, cache_entries: int, group: int, versions: tuple[int, int] | None
) -> EntitiesPart:
    """The part of a key group, as it was at `versions`."""
    key = GROUP_KEYS[group]
    entities, queries = directory.table(STEP, key), directory.table("queries", key)
    entities.rollback(versions and versions[0])
    queries.rollback(versions and versions[1])
    states = BlockwiseState(entities, Ring, cache_entries)
    metrics.watch_state(STEP, states)
    return EntitiesPart(EntityGroup(features, states), states, queries)
