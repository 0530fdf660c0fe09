"""Metrics of ranking and of probability, on labels of 0 and 1 and on scores where higher means riskier."""

import numpy as np
import numpy.typing as npt

Labels = npt.NDArray[np.uint8]
Scores = npt.NDArray[np.floating]


def roc_auc(labels: Labels, scores: Scores) -> float:
    """Area under the ROC curve: how often a positive outranks a negative, ties counting half. NaN for one class."""
    positives = int(labels.sum())
    negatives = len(labels) - positives
    if not positives or not negatives:
        return float("nan")
    _, rank, ties = np.unique(scores, return_inverse=True, return_counts=True)
    mean_rank = np.cumsum(ties) - (ties - 1) / 2
    rank_sum = float(mean_rank[rank[labels == 1]].sum())
    return (rank_sum - positives * (positives + 1) / 2) / (positives * negatives)


def average_precision(labels: Labels, scores: Scores) -> float:
    """Precision averaged over the steps of recall, tied scores at once, as in scikit-learn. NaN without positives."""
    if not labels.any():
        return float("nan")
    order = np.argsort(-scores, kind="stable")
    ranked = scores[order]
    ends = np.append(np.nonzero(np.diff(ranked))[0], len(ranked) - 1)
    found = np.cumsum(labels[order], dtype=np.int64)[ends]
    precision = found / (ends + 1)
    return float(np.sum(np.diff(found, prepend=0) * precision) / found[-1])


def log_loss(labels: Labels, probabilities: Scores) -> float:
    """Mean negative log-likelihood, in nats; probabilities are kept 1e-7 away from 0 and 1."""
    p = np.clip(np.asarray(probabilities, np.float64), 1e-7, 1 - 1e-7)
    return float(-np.mean(np.where(labels == 1, np.log(p), np.log1p(-p))))


def expected_calibration_error(labels: Labels, probabilities: Scores, bins: int = 10) -> float:
    """Mean distance of probability and frequency over equal-width bins, weighted by their share (Guo et al., 2017)."""
    index = np.minimum((np.asarray(probabilities) * bins).astype(np.int64), bins - 1)
    excess = np.bincount(index, np.asarray(probabilities, np.float64) - labels, bins)
    return float(np.abs(excess).sum() / len(labels))
