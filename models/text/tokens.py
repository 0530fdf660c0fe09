"""Prose as token ids: each phrase is tokenised once."""

from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from transformers import PreTrainedTokenizerBase

from models.text.prose import Quoted

_KEPT: Final = 65_536
"""Phrases whose ids are kept, of some hundred bytes each."""


class Tokens:
    """Token ids of at most `most` tokens, the model's special ones included.

    The ids of pieces put together are those of the prose where a tokeniser splits words and punctuation first, as
    BERT's do: a piece begins where they split. A piece that doesn't fit ends the text; what is quoted is cut to the
    share `quoted` of the tokens, so that it never takes the place of all the rest.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase, most: int, quoted: float = 0.0) -> None:
        self._tokenizer = tokenizer
        self._before, self._after = _special(tokenizer)
        self._most = most - len(self._before) - len(self._after)
        self._most_quoted = max(1, int(quoted * most))
        self.phrase = lru_cache(_KEPT)(self._phrase)
        """The ids of one piece of text."""

    def ids(self, pieces: Iterable[str]) -> list[int]:
        """Of a text in pieces."""
        found: list[int] = []
        for piece in pieces:
            room = self._most - len(found)
            added = self._quote(piece)[:room] if isinstance(piece, Quoted) else self.phrase(piece)
            if len(added) > room:
                break
            found += added
        return [*self._before, *found, *self._after]

    def _phrase(self, piece: str) -> tuple[int, ...]:
        return tuple(self._tokenizer(piece, add_special_tokens=False)["input_ids"])

    def _quote(self, piece: str) -> tuple[int, ...]:
        """Not kept; and what people write is never one of the model's own marks."""
        ids = self._tokenizer(
            piece, add_special_tokens=False, split_special_tokens=True, truncation=True, max_length=self._most_quoted
        )["input_ids"]
        return tuple(ids)


def _special(tokenizer: PreTrainedTokenizerBase) -> tuple[list[int], list[int]]:
    """What the model wants before and after a text."""
    whole, alone = tokenizer("a")["input_ids"], tokenizer("a", add_special_tokens=False)["input_ids"]
    start = next(at for at in range(len(whole)) if whole[at : at + len(alone)] == alone)
    return whole[:start], whole[start + len(alone) :]
