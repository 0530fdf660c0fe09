"""The loss, term by term, and what is hidden while a network trains."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional as F  # noqa: N812

from models.choice import open_scorer
from models.objective import classification, disagreement, objective
from models.recipe import Augmentation, Optimisation, Recipe
from models.scoring import probabilities
from models.training import train
from models.training_set import TrainingSet
from tests.models.synthetic import RECIPE

LOGITS = torch.tensor([-3.0, -0.5, 0.0, 2.0, 4.0])
LABELS = torch.tensor([0.0, 1.0, 0.0, 1.0, 0.0])


def test_plain_loss_is_binary_cross_entropy() -> None:
    plain = objective(lambda: LOGITS, LABELS, Optimisation())
    assert plain == F.binary_cross_entropy_with_logits(LOGITS, LABELS)


def test_weight_counts_positives_so_many_times() -> None:
    each = F.binary_cross_entropy_with_logits(LOGITS, LABELS, reduction="none")
    expected = (each[LABELS == 0].sum() + 7 * each[LABELS == 1].sum()) / len(LABELS)
    assert classification(LOGITS, LABELS, Optimisation(positive_weight=7.0)).item() == pytest.approx(expected.item())


@pytest.mark.parametrize("gamma", [0.5, 2.0])
def test_focal_loss_is_the_papers(gamma: float) -> None:
    given = [p if label else 1 - p for p, label in zip(LOGITS.sigmoid().tolist(), LABELS.tolist(), strict=True)]
    expected = np.mean([-((1 - p) ** gamma) * np.log(p) for p in given])
    assert classification(LOGITS, LABELS, Optimisation(focal_gamma=gamma)).item() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("gamma", [0.5, 1.0, 2.0])
def test_focal_loss_has_a_slope_where_the_network_is_sure(gamma: float) -> None:
    logits = torch.tensor([18.0, -18.0, 120.0, -40.0], requires_grad=True)
    labels = torch.tensor([1.0, 0.0, 1.0, 1.0])
    torch.autograd.backward(classification(logits, labels, Optimisation(focal_gamma=gamma)))
    assert logits.grad is not None
    assert logits.grad.isfinite().all()
    assert logits.grad[3] == pytest.approx(-1 / 4)


def test_disagreement_is_the_mean_divergence() -> None:
    first, second = LOGITS.double(), LOGITS.double().flip(0)
    p, q = first.sigmoid().numpy(), second.sigmoid().numpy()
    there = p * np.log(p / q) + (1 - p) * np.log((1 - p) / (1 - q))
    back = q * np.log(q / p) + (1 - q) * np.log((1 - q) / (1 - p))
    assert disagreement(first, second).item() == pytest.approx((there + back).mean() / 2)
    assert disagreement(first, first).item() == 0


def test_the_joint_loss_is_that_of_both_passes_and_their_disagreement() -> None:
    passes = iter([LOGITS, LOGITS + 1])
    joint = objective(lambda: next(passes), LABELS, Optimisation(consistency=3.0))
    both = [classification(logits, LABELS, Optimisation()) for logits in (LOGITS, LOGITS + 1)]
    assert joint.item() == pytest.approx((sum(both) / 2 + 3 * disagreement(LOGITS, LOGITS + 1)).item())


CHANGES = {
    "weighted and focal": {"positive_weight": 4.0, "focal_gamma": 1.0},
    "consistent": {"consistency": 0.5},
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_every_loss_learns_and_is_calibrated(data: TrainingSet, tmp_path: Path, change: dict[str, float]) -> None:
    training = RECIPE.training.model_copy(update=change)
    _check_learnt(train(data, RECIPE.model_copy(update={"training": training}), tmp_path / "checkpoint"))


def test_it_learns_with_events_and_features_hidden(data: TrainingSet, tmp_path: Path) -> None:
    hiding = RECIPE.model_copy(update={"augmentation": Augmentation(event_dropout=0.2, feature_dropout=0.1)})
    _check_learnt(train(data, hiding, tmp_path / "checkpoint"))


def test_nothing_is_hidden_when_it_is_judged(data: TrainingSet, tmp_path: Path) -> None:
    hiding = _epochs(RECIPE, 1).model_copy(update={"augmentation": Augmentation(feature_dropout=0.9)})
    checkpoint = train(data, hiding, tmp_path / "checkpoint")
    told = json.loads((checkpoint / "metrics.json").read_text())["validation"]["log_loss"]
    _, validation = data.split(RECIPE.validation.days, RECIPE.validation.label_delay_days)
    scorer = open_scorer(str(checkpoint), data.feature_names, data.window_events)
    scores = probabilities(scorer, data.take(validation))
    labels = data.labels[validation]
    assert -np.log(np.where(labels == 1, scores, 1 - scores)).mean() == pytest.approx(told, rel=1e-3)


def _epochs(recipe: Recipe, epochs: int) -> Recipe:
    return recipe.model_copy(update={"training": recipe.training.model_copy(update={"epochs": epochs})})


def _check_learnt(checkpoint: Path) -> None:
    validation = json.loads((checkpoint / "metrics.json").read_text())["validation"]
    assert validation["roc_auc"] > 0.85
    assert validation["expected_calibration_error"] < 0.06
