"""What a threshold on scores gives: ROC and precision-recall curves, a false-positive budget, and reliability."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from models.metrics import Labels, Scores

Floats = npt.NDArray[np.float64]


class Thresholds(NamedTuple):
    """Every score that an event has, highest first, and what flagging all events from it up gives."""

    scores: Floats
    recall: Floats
    false_positive_rate: Floats
    precision: Floats

    @classmethod
    def of(cls, labels: Labels, scores: Scores) -> "Thresholds":
        """Of labels with both classes."""
        order = np.argsort(-scores, kind="stable")
        ranked = np.asarray(scores, np.float64)[order]
        ends = np.append(np.nonzero(np.diff(ranked))[0], len(ranked) - 1)
        found = np.cumsum(labels[order], dtype=np.int64)[ends]
        flagged = ends + 1
        negatives = len(labels) - found[-1]
        return cls(ranked[ends], found / found[-1], (flagged - found) / negatives, found / flagged)

    def within(self, budget: float) -> float:
        """The lowest threshold that flags at most this share of the negatives; infinite where none does."""
        kept = int(np.searchsorted(self.false_positive_rate, budget, side="right"))
        return float(self.scores[kept - 1]) if kept else float("inf")

    def recall_at(self, false_positive_rates: Floats) -> Floats:
        """The recall that each of these budgets buys: the ROC curve as steps."""
        kept = np.searchsorted(self.false_positive_rate, false_positive_rates, side="right")
        recall: Floats = np.append(0.0, self.recall)[kept]
        return recall

    def precision_at(self, recalls: Floats) -> Floats:
        """The precision at the highest threshold that reaches each of these recalls, of at most 1."""
        precision: Floats = self.precision[np.searchsorted(self.recall, recalls, side="left")]
        return precision


class Reliability(NamedTuple):
    """A bin of predicted probabilities that holds events."""

    events: int
    predicted: float
    """Mean probability."""
    observed: float
    """Share of positives."""


def reliability(labels: Labels, probabilities: Scores, bins: int = 10) -> list[Reliability]:
    """Predicted against observed over equal-width bins, empty ones left out: what `expected_calibration_error` sums."""
    p = np.asarray(probabilities, np.float64)
    index = np.minimum((p * bins).astype(np.int64), bins - 1)
    events = np.bincount(index, minlength=bins)
    predicted, observed = np.bincount(index, p, bins), np.bincount(index, labels, bins)
    return [
        Reliability(int(events[at]), float(predicted[at] / events[at]), float(observed[at] / events[at]))
        for at in np.nonzero(events)[0]
    ]
