"""Texts of many lengths in batches of one length, with little padding."""

from collections.abc import Iterator, Sequence
from typing import Final

import torch
from torch import Tensor

Text = Sequence[int]
"""Token ids."""

_TOKENS: Final = 4_096
"""In one batch, padding included: more makes no call faster on a CPU."""
_PADDED: Final = 0.1
"""Of the longest of a batch's texts, at most so much is padding in another."""


def padded(texts: Sequence[Text], padding: int, device: torch.device) -> tuple[Tensor, Tensor | None]:
    """Ids and mask, both [n, longest]; the mask is 1 for tokens and 0 for padding, None where there is none."""
    longest = max(map(len, texts))
    ids = torch.tensor([[*text, *[padding] * (longest - len(text))] for text in texts]).to(device)
    lengths = torch.tensor([[len(text)] for text in texts])
    mask = None if int(lengths.min()) == longest else (torch.arange(longest) < lengths).long().to(device)
    return ids, mask


def by_length(texts: Sequence[Text]) -> Iterator[list[int]]:
    """Indices of texts in batches of like length, the longest first, each within the budget of tokens."""
    lengths = [len(text) for text in texts]
    batch: list[int] = []
    for index in sorted(range(len(lengths)), key=lengths.__getitem__, reverse=True):
        longest = lengths[batch[0]] if batch else 0
        if batch and (lengths[index] < longest * (1 - _PADDED) or (len(batch) + 1) * longest > _TOKENS):
            yield batch
            batch = []
        batch.append(index)
    if batch:
        yield batch
