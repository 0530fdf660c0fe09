"""A scorer over the events of a training set."""

from collections.abc import Callable
from typing import Final

import numpy as np
import numpy.typing as npt

from contracts.scoring import RiskScorer
from models.training_set import TrainingSet

_BATCH: Final = 1_024

Report = Callable[[int, int], None]
"""Told how many events are scored, and of how many."""


def probabilities(
    scorer: RiskScorer, data: TrainingSet, report: Report = lambda scored, of: None
) -> npt.NDArray[np.float64]:
    """The scorer's probability [n] for each event, batch by batch."""
    scores = np.empty(len(data))
    for start in range(0, len(data), _BATCH):
        indices = np.arange(start, min(start + _BATCH, len(data)))
        scores[indices] = scorer.score(data.inputs(indices))
        report(int(indices[-1]) + 1, len(data))
    return scores
