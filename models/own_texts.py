"""What training makes of the events' own texts."""

import math
from typing import Final

import numpy as np
import torch
from torch import Tensor

from models.errors import RecipeError, TrainingSetError
from models.fitting import Progress, Report
from models.recipe import OwnText
from models.text.embedding import TextEncoder
from models.text.hub import model_directory
from models.training_set import Indices, TrainingSet

_PART: Final = 256
"""Texts that are embedded between two reports."""


def open_encoder(text: OwnText) -> TextEncoder:
    """The frozen encoder that a recipe names, on a GPU where there is one.

    Raises CheckpointError where it can't be loaded, RecipeError where it reads fewer tokens than the recipe wants.
    """
    base = model_directory(text.base)
    encoder = TextEncoder.load(base, text.max_tokens, torch.device("cuda" if torch.cuda.is_available() else "cpu"))
    if encoder.longest < text.max_tokens:
        raise RecipeError(f"text.max_tokens: {text.max_tokens} is more than the {encoder.longest} that {base} reads")
    return encoder


class OwnTexts:
    """The embeddings of a training set's texts, each different one embedded once.

    Raises TrainingSetError where there are none.
    """

    def __init__(self, encoder: TextEncoder, data: TrainingSet, report: Report) -> None:
        if not any(data.texts):
            raise TrainingSetError(
                "no event has a text to learn from: take [text] out of the recipe, or give the texts"
            )
        places = {text: place for place, text in enumerate(dict.fromkeys(data.texts))}
        different = list(places)
        steps = math.ceil(len(different) / _PART)
        parts = []
        for step in range(steps):
            parts.append(encoder(different[step * _PART : (step + 1) * _PART]))
            report(Progress(0, step + 1, steps, 0.0, embedding=True))
        self._table = torch.cat(parts)
        self._places = np.fromiter((places[text] for text in data.texts), np.int64, len(data))

    def __call__(self, indices: Indices) -> Tensor:
        """[len(indices), width] on the CPU; zeros for an event without a text."""
        return self._table[torch.from_numpy(self._places[indices])]
