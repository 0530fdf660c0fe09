"""Embeddings of texts by a frozen encoder."""

from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Self

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812, the name torch's own documents use
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from models.text.batches import by_length, padded
from models.text.pretrained import load_encoder, load_tokenizer, longest_text, save_pretrained

_KEPT: Final = 8_192
"""Texts whose embeddings are kept, of some KiB each."""


class TextEncoder:
    """Embeds texts: the mean of the last hidden state over a text's tokens, of length 1.

    So sentence-transformers pools by default (Reimers and Gurevych, "Sentence-BERT", EMNLP 2019). The model is never
    trained.
    """

    def __init__(
        self, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, max_tokens: int, device: torch.device
    ) -> None:
        nn.Module.to(model, device)
        self._model = model.eval().requires_grad_(False)
        self._tokenizer = tokenizer
        self._padding = int(tokenizer.pad_token_id)
        self.max_tokens = max_tokens
        self.longest = longest_text(model, tokenizer)
        """Tokens that the model reads at most."""

    @classmethod
    def load(cls, directory: Path, max_tokens: int, device: torch.device) -> Self:
        """Of a Hugging Face model's directory. Raises CheckpointError where it can't be loaded."""
        return cls(load_encoder(directory), load_tokenizer(directory), max_tokens, device)

    @property
    def width(self) -> int:
        """Numbers in an embedding."""
        return int(self._model.config.hidden_size)

    def save(self, directory: Path) -> None:
        """Write model and tokenizer as transformers loads them."""
        save_pretrained(self._model, self._tokenizer, directory)

    @torch.no_grad()
    def __call__(self, texts: Sequence[str]) -> Tensor:
        """[n, width] on the CPU; zeros for an empty text."""
        found = torch.zeros(len(texts), self.width)
        told = [index for index, text in enumerate(texts) if text]
        if not told:
            return found
        ids = self._tokenizer(
            [texts[index] for index in told], truncation=True, max_length=self.max_tokens,
            split_special_tokens=True,  # what people write is never the model's own mark
        )["input_ids"]  # fmt: skip
        for batch in by_length(ids):
            tokens, mask = padded([ids[at] for at in batch], self._padding, self._model.device)
            states = self._model(input_ids=tokens, attention_mask=mask).last_hidden_state
            weights = torch.ones_like(tokens) if mask is None else mask
            found[[told[at] for at in batch]] = F.normalize((states * weights[:, :, None]).sum(1)).cpu()
        return found


class KeptEmbeddings:
    """An encoder's embeddings, of which those that were asked for last are kept."""

    def __init__(self, encoder: TextEncoder, kept: int = _KEPT) -> None:
        self._encoder = encoder
        self._kept = kept
        self._found: OrderedDict[str, Tensor] = OrderedDict()

    def __len__(self) -> int:
        return len(self._found)

    @property
    def width(self) -> int:
        """Numbers in an embedding."""
        return self._encoder.width

    def __call__(self, texts: Sequence[str]) -> Tensor:
        """[n, width] on the CPU; zeros for an empty text."""
        asked = dict.fromkeys(texts)
        found = {text: self._found.pop(text) for text in asked if text in self._found}
        if new := [text for text in asked if text not in found]:
            # Copies: a view would keep all that were embedded with it.
            found |= {text: row.clone() for text, row in zip(new, self._encoder(new), strict=True)}
        self._found |= found
        while len(self._found) > self._kept:
            self._found.popitem(last=False)
        return torch.stack([found[text] for text in texts])
