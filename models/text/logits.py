"""The logit of risk of texts, by a sequence classification model of any architecture."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from models.precision import mixed
from models.text.batches import Text, by_length, padded


class RiskLogits:
    """A model's logit of the label that stands for fraud and abuse, against all its others."""

    def __init__(self, model: PreTrainedModel, label: int, padding: int, device: torch.device) -> None:
        nn.Module.to(model, device)
        self.model = model
        self._label = label
        self._padding = padding

    def __call__(self, texts: Sequence[Text]) -> Tensor:
        """[n] of texts, in one call, padded to the longest."""
        device = self.model.device
        ids, mask = padded(texts, self._padding, device)
        with mixed(device, self.model.training):
            logits = self.model(input_ids=ids, attention_mask=mask).logits
        return self._of_risk(logits.float())

    @torch.inference_mode()
    def by_length(self, texts: Sequence[Text]) -> Tensor:
        """[n] of however many texts, those of like length together."""
        logits = torch.empty(len(texts))
        for group in by_length(texts):
            logits[group] = self([texts[index] for index in group]).cpu()
        return logits

    def _of_risk(self, logits: Tensor) -> Tensor:
        chosen = logits[:, self._label]
        if logits.shape[1] == 1:
            return chosen
        others = torch.arange(logits.shape[1], device=logits.device) != self._label
        return chosen - logits[:, others].logsumexp(dim=1)
