"""Micro-batches: what is there when the scorer is free, as few as a token budget lets them be.

No timer: a batch grows by itself while the scorer is busy. A call costs something whatever is in it, so that windows of
several lengths share one; similar lengths lie together, since a scorer may have to pad them to the longest.
"""

from collections.abc import Iterator, Sequence


def micro_batches(lengths: Sequence[int], token_budget: int) -> Iterator[list[int]]:
    """Indices into `lengths`, every one once, longest first, in as few groups as fit into `token_budget` when padded.

    An item longer than the budget goes alone. Among equal lengths the order is kept.
    """
    order = sorted(range(len(lengths)), key=lambda index: -lengths[index])
    start = 0
    while start < len(order):
        size = max(1, token_budget // max(1, lengths[order[start]]))
        yield order[start : start + size]
        start += size
