"""route: what the source read, packed by the users' key groups."""

from collections.abc import Iterable

from contracts.keys import KEY_GROUPS, key_group
from dataflows.reading import SourceBatch
from operators.packs import UserPack

GROUP_KEYS = [f"{group:02}" for group in range(KEY_GROUPS)]
"""The engine's keys of the key groups."""


def route(batches: list[SourceBatch]) -> Iterable[tuple[str, UserPack]]:
    """One pack for each group that has any events, labels, decisions, or a watermark that moved."""
    packs: dict[int, UserPack] = {}
    for batch in batches:
        for arrival in batch.arrivals:
            _pack(packs, key_group(arrival.event.user_id)).arrivals.append(arrival)
        for label in batch.labels:
            _pack(packs, key_group(label.user_id)).labels.append(label)
        for ruled in batch.decisions:
            _pack(packs, key_group(ruled.user_id)).decisions.append(ruled)
        for watermark in (batch.last, batch.watermark):
            if watermark is not None:
                for group in range(KEY_GROUPS):
                    _pack(packs, group).watermarks.append((batch.input, watermark))
    return [(GROUP_KEYS[group], pack) for group, pack in packs.items()]


def _pack(packs: dict[int, UserPack], group: int) -> UserPack:
    pack = packs.get(group)
    if pack is None:
        pack = packs[group] = UserPack(group, [], [], [], [])
    return pack
