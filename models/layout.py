"""Windows of several lengths at once: attention needs them padded, everything else needs their events alone."""

from collections.abc import Sequence
from typing import NamedTuple, Self

import torch
from torch import Tensor


class Layout(NamedTuple):
    """How events lie. `padded` is [batch * length, ...], row by row; `packed` [events, ...] leaves the padding out."""

    batch: int
    length: int
    bias: Tensor | None = None
    """[batch, 1, 1, length] for attention: 0 for events, -inf for padding; None where there is none."""
    events: Tensor | None = None
    """[events]: the place of each among the padded; None where padding stays, or there is none."""
    sources: Tensor | None = None
    """[batch * length]: the event that lies at each place, and any other one for padding."""

    @classmethod
    def packing(cls, lengths: Sequence[int]) -> Self:
        """Without padding, on the CPU: the shapes depend on the lengths [batch]."""
        longest = max(lengths)
        if min(lengths) == longest:
            return cls(len(lengths), longest)
        present = _present(torch.tensor(lengths), longest)
        events, sources = present.flatten().nonzero()[:, 0], present.flatten().cumsum(0) - 1
        return cls(len(lengths), longest, attention_bias(present), events, sources)

    @classmethod
    def padding(cls, lengths: Tensor, longest: int) -> Self:
        """With padding, on the device of `lengths` [batch]: the shapes are always the same."""
        return cls(len(lengths), longest, attention_bias(_present(lengths, longest)))

    def to(self, dtype: torch.dtype) -> Self:
        """The same for states of another type of numbers."""
        return self if self.bias is None else self._replace(bias=self.bias.to(dtype))

    def pack(self, padded: Tensor) -> Tensor:
        """[batch * length, width] to [events, width]."""
        return padded if self.events is None else padded.index_select(0, self.events)

    def pad(self, packed: Tensor) -> Tensor:
        """[events, width] to [batch, length, width]."""
        padded = packed if self.sources is None else packed.index_select(0, self.sources)
        return padded.view(self.batch, self.length, -1)


def _present(lengths: Tensor, longest: int) -> Tensor:
    return torch.arange(longest, device=lengths.device) < lengths[:, None]


def attention_bias(present: Tensor) -> Tensor:
    """[batch, 1, 1, length] of what is an event [batch, length]: 0 for events, -inf for padding."""
    return torch.where(present, 0.0, -torch.inf)[:, None, None]
