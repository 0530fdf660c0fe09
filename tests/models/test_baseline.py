"""Boosted trees on the planted signal, and what is told without LightGBM."""

import numpy as np
import pytest

from models import baseline
from models.errors import EvaluationError
from models.metrics import roc_auc
from models.training_set import TrainingSet


def test_it_learns_is_calibrated_and_is_the_same_again(data: TrainingSet) -> None:
    pytest.importorskip("lightgbm")
    training, validation = data.split(4, 1)
    trees = baseline.train_baseline(data, training, validation, seed=1)
    told = trees.probabilities(data.features[validation])
    labels = data.labels[validation]
    # Half of the signal lies in the windows, which the trees don't see.
    assert roc_auc(labels, told) > 0.75
    assert told.mean() == pytest.approx(labels.mean(), rel=0.02)
    again = baseline.train_baseline(data, training, validation, seed=1)
    assert np.array_equal(again.probabilities(data.features[validation]), told)


def test_without_lightgbm_the_remedy_is_told(data: TrainingSet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(baseline, "find_spec", lambda name: None)
    with pytest.raises(EvaluationError, match=r"pip install 'sealwax\[train\]'"):
        baseline.train_baseline(data, *data.split(4, 1), seed=1)
