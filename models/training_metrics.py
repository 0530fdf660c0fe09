"""What a training measured, as metrics.json tells it: on what, how good, and how it is calibrated."""

from typing import Any

import numpy as np
import numpy.typing as npt

from models.calibration import platt, sampling_offset
from models.fitting import Fitted, Logits
from models.metrics import average_precision, expected_calibration_error, log_loss, roc_auc
from models.recipe import AnyRecipe
from models.training_set import Indices, TrainingSet


def training_metrics(
    data: TrainingSet, training: Indices, validation: Indices, recipe: AnyRecipe, fitted: Fitted
) -> dict[str, Any]:
    """Of a fitted scorer, with the calibration that the validation events give: slope and offset of its logits."""
    labels = data.labels[validation]
    start = sampling_offset(recipe.training.negative_rate, recipe.training.positive_weight)
    slope, offset = platt(labels, fitted.logits, start)
    return {
        "training": _described(data, training) | {"history": fitted.history},
        "validation": _described(data, validation) | _quality(labels, fitted.logits, slope, offset),
        "calibration": {"slope": slope, "offset": offset},
        "recipe": recipe.model_dump(mode="json"),
    }


def _described(data: TrainingSet, indices: Indices) -> dict[str, Any]:
    times = data.event_times[indices]
    return {
        "events": len(indices),
        "positives": int(data.labels[indices].sum()),
        "first_event_time": int(times.min()),
        "last_event_time": int(times.max()),
    }


def _quality(labels: npt.NDArray[np.uint8], logits: Logits, slope: float, offset: float) -> dict[str, float]:
    probabilities = 1 / (1 + np.exp(-(slope * logits + offset)))
    return {
        "roc_auc": roc_auc(labels, logits),
        "average_precision": average_precision(labels, logits),
        "log_loss": log_loss(labels, probabilities),
        "expected_calibration_error": expected_calibration_error(labels, probabilities),
    }
