"""What training makes small: `L_cls + λ L_reg`, the loss of classification and a term against overfitting."""

from collections.abc import Callable
from typing import Final

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812, the name torch's own documents use

from models.recipe import Optimisation

_LEAST: Final = 1e-12


def objective(forward: Callable[[], Tensor], labels: Tensor, recipe: Optimisation) -> Tensor:
    """The mean loss of a batch with labels [n]; `forward` gives its logits [n], each time with another dropout.

    With λ (`consistency`) above 0, L_reg is how far two forward passes disagree (R-Drop, Liang et al. 2021).
    """
    logits = forward()
    loss = classification(logits, labels, recipe)
    if not recipe.consistency:
        return loss
    again = forward()
    both = (loss + classification(again, labels, recipe)) / 2
    return both + recipe.consistency * disagreement(logits, again)


def classification(logits: Tensor, labels: Tensor, recipe: Optimisation) -> Tensor:
    """Weighted binary cross-entropy; with `focal_gamma`, each event counts `(1 - p)^gamma` of it, p being the
    probability given to its label (Lin et al. 2017)."""
    losses = F.binary_cross_entropy_with_logits(logits, labels, reduction="none")
    if recipe.focal_gamma:
        # A power below 1 has no slope at 0, where a loss that is too small for single precision lies.
        losses = losses * (-torch.expm1(-losses)).clamp_min(_LEAST) ** recipe.focal_gamma
    return (losses * (1 + (recipe.positive_weight - 1) * labels)).mean()


def disagreement(first: Tensor, second: Tensor) -> Tensor:
    """The mean over both directions of the Kullback-Leibler divergence between two passes' probabilities."""
    return ((first.sigmoid() - second.sigmoid()) * (first - second)).mean() / 2
