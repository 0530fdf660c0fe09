"""The logit of risk of texts, by a sequence classification model of any architecture."""

from collections.abc import Iterator, Sequence
from typing import Final

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

Text = Sequence[int]
"""Token ids."""

_TOKENS: Final = 4_096
"""In one call, padding included: more makes no call faster on a CPU."""
_PADDED: Final = 0.1
"""Of the longest of a call's texts, at most so much is padding in another."""


class RiskLogits:
    """A model's logit of the label that stands for fraud and abuse, against all its others."""

    def __init__(self, model: PreTrainedModel, label: int, padding: int, device: torch.device) -> None:
        nn.Module.to(model, device)
        self.model = model
        self._label = label
        self._padding = padding

    def __call__(self, texts: Sequence[Text]) -> Tensor:
        """[n] of texts, in one call, padded to the longest."""
        longest = max(map(len, texts))
        ids = torch.tensor([[*text, *[self._padding] * (longest - len(text))] for text in texts])
        lengths = torch.tensor([[len(text)] for text in texts])
        mask = None if int(lengths.min()) == longest else (torch.arange(longest) < lengths).long()
        device = self.model.device
        mask = None if mask is None else mask.to(device)
        with torch.autocast(device.type, torch.bfloat16, enabled=self.model.training and device.type == "cuda"):
            logits = self.model(input_ids=ids.to(device), attention_mask=mask).logits
        return self._of_risk(logits.float())

    @torch.inference_mode()
    def by_length(self, texts: Sequence[Text]) -> Tensor:
        """[n] of however many texts, those of like length together."""
        logits = torch.empty(len(texts))
        for group in _groups([len(text) for text in texts]):
            logits[group] = self([texts[index] for index in group]).cpu()
        return logits

    def _of_risk(self, logits: Tensor) -> Tensor:
        chosen = logits[:, self._label]
        if logits.shape[1] == 1:
            return chosen
        others = torch.arange(logits.shape[1], device=logits.device) != self._label
        return chosen - logits[:, others].logsumexp(dim=1)


def _groups(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Indices in groups of like length, the longest first, each within the budget of tokens."""
    group: list[int] = []
    for index in sorted(range(len(lengths)), key=lengths.__getitem__, reverse=True):
        longest = lengths[group[0]] if group else 0
        if group and (lengths[index] < longest * (1 - _PADDED) or (len(group) + 1) * longest > _TOKENS):
            yield group
            group = []
        group.append(index)
    if group:
        yield group
