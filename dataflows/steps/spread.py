"""spread: what the users' step made, packed by the entities' key groups and, for the join, by the users' own."""

from collections.abc import Iterable

from contracts.keys import KEY_GROUPS
from dataflows.steps.route import GROUP_KEYS
from operators.packs import EntityPack, JoinPack
from operators.users import UserOutput


def to_join(items: list[tuple[str, UserOutput]]) -> Iterable[tuple[str, JoinPack]]:
    """Each group's events, and what goes along with them."""
    return [
        (key, JoinPack(int(key), output.enriched, [], output.tidings))
        for key, output in items
        if output.enriched or output.tidings
    ]


def to_entities(items: list[tuple[str, UserOutput]]) -> Iterable[tuple[str, EntityPack]]:
    """Each entity key group's queries, labels and watermarks."""
    packs: dict[int, EntityPack] = {}
    for key, output in items:
        for query in output.queries:
            _pack(packs, query.entity % KEY_GROUPS).queries.append(query)
        for label in output.labels:
            _pack(packs, label.entity % KEY_GROUPS).labels.append(label)
        if output.watermark is not None:
            for group in range(KEY_GROUPS):
                _pack(packs, group).watermarks.append((int(key), output.watermark))
    return [(GROUP_KEYS[group], pack) for group, pack in packs.items()]


def _pack(packs: dict[int, EntityPack], group: int) -> EntityPack:
    pack = packs.get(group)
    if pack is None:
        pack = packs[group] = EntityPack(group, [], [], [])
    return pack
