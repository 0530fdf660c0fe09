"""The baseline beside the event scorer: gradient-boosted trees (LightGBM) on the same features, labels and split."""

from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from models.calibration import platt
from models.errors import EvaluationError
from models.training_set import Indices, TrainingSet

NAME: Final = "LightGBM"

_ROUNDS: Final = 2_000
_PATIENCE: Final = 100
_PARAMETERS: Final = {
    "objective": "binary",
    "metric": "average_precision",
    "learning_rate": 0.03,
    "num_leaves": 31,
    "min_data_in_leaf": 50,
    "feature_fraction": 0.8,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "lambda_l2": 1.0,
    "deterministic": True,
    "force_row_wise": True,
    "verbosity": -1,
}


@dataclass(frozen=True)
class Baseline:
    """Boosted trees, calibrated as the event scorer is."""

    booster: Any
    slope: float
    offset: float

    def probabilities(self, features: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
        """Of feature vectors [n, features]."""
        logits: npt.NDArray[np.float64] = self.booster.predict(features, raw_score=True)
        return 1 / (1 + np.exp(-(self.slope * logits + self.offset)))


def check_baseline() -> None:
    """Raise EvaluationError, with the remedy, where LightGBM isn't installed."""
    if find_spec("lightgbm") is None:
        raise EvaluationError("the baseline needs LightGBM, which is not installed: pip install 'sealwax[train]'")


def train_baseline(data: TrainingSet, training: Indices, validation: Indices, seed: int) -> Baseline:
    """Learn from the training events; the validation events choose the number of trees, and calibrate.

    Raises EvaluationError where LightGBM isn't installed.
    """
    check_baseline()
    lightgbm = import_module("lightgbm")
    learnt = lightgbm.Dataset(data.features[training], data.labels[training])
    judged = lightgbm.Dataset(data.features[validation], data.labels[validation], reference=learnt)
    booster = lightgbm.train(
        _PARAMETERS | {"seed": seed},
        learnt,
        num_boost_round=_ROUNDS,
        valid_sets=[judged],
        callbacks=[lightgbm.early_stopping(_PATIENCE, verbose=False)],
    )
    logits = booster.predict(data.features[validation], raw_score=True)
    return Baseline(booster, *platt(data.labels[validation], logits))
