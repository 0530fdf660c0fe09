"""gather: the entities' replies, packed by the key groups of the users who asked."""

from collections.abc import Iterable

from dataflows.steps.route import GROUP_KEYS
from operators.packs import JoinPack, Reply


def gather(items: list[tuple[str, list[Reply]]]) -> Iterable[tuple[str, JoinPack]]:
    """One pack for each group that has replies."""
    packs: dict[int, JoinPack] = {}
    for _, replies in items:
        for reply in replies:
            pack = packs.get(reply.group)
            if pack is None:
                pack = packs[reply.group] = JoinPack(reply.group, [], [])
            pack.replies.append(reply)
    return [(GROUP_KEYS[group], pack) for group, pack in packs.items()]
