"""From logits to probabilities: the correction for negative sampling, then Platt scaling."""

import numpy as np
import numpy.typing as npt

Logits = npt.NDArray[np.float64]

_STEPS = 50
_RIDGE = 1e-3
"""Pulls the slope towards 1 and the offset towards the start where there are few positives."""


def sampling_offset(negative_rate: float, positive_weight: float = 1.0) -> float:
    """What to add to the logit of a model that saw this share of the negatives (King and Zeng, 2001).

    Positives that count so many times bend it as fewer negatives do.
    """
    return float(np.log(negative_rate / positive_weight))


def platt(labels: npt.NDArray[np.uint8], logits: Logits, offset: float = 0.0) -> tuple[float, float]:
    """Slope and offset so that sigmoid(slope * logit + offset) fits the labels best (Platt, 1999).

    Newton's method on the log-likelihood, from slope 1 and the given offset, with a weak prior at that start.
    """
    design = np.stack((logits, np.ones_like(logits)), axis=1)
    start = np.array([1.0, offset])
    weights = start.copy()
    for _ in range(_STEPS):
        probability = 1 / (1 + np.exp(-np.clip(design @ weights, -30, 30)))
        gradient = design.T @ (probability - labels) + _RIDGE * (weights - start)
        curvature = (design * (probability * (1 - probability))[:, None]).T @ design + _RIDGE * np.eye(2)
        step = np.linalg.solve(curvature, gradient)
        weights = weights - step
        if np.abs(step).max() < 1e-9:
            break
    return float(weights[0]), float(weights[1])
