"""Micro-batches: what is there when the scorer is free, grouped by length and capped by a token budget.

Equal lengths need no padding; a budget in tokens (events, all windows together) keeps the time of a call even.
No timer: a batch grows by itself while the scorer is busy.
"""

from collections.abc import Iterator, Sequence


def micro_batches(lengths: Sequence[int], token_budget: int) -> Iterator[list[int]]:
    """Indices into `lengths`, every one once, in groups of equal length whose sum stays within `token_budget`.

    An item longer than the budget goes alone. Within a group the order is kept.
    """
    by_length: dict[int, list[int]] = {}
    for index, length in enumerate(lengths):
        by_length.setdefault(length, []).append(index)
    for length, indices in by_length.items():
        size = max(1, token_budget // max(1, length))
        for start in range(0, len(indices), size):
            yield indices[start : start + size]
