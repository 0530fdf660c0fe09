"""Training: it learns, it repeats itself, and it learns from the training part alone."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from models.encoder import Encoder
from models.errors import TrainingSetError
from models.fitting import Progress
from models.training import train
from models.training_set import DAY, TrainingSet
from tests.models.synthetic import RECIPE, training_set


def test_it_learns_the_planted_signal_of_both_branches(checkpoint: Path) -> None:
    metrics = json.loads((checkpoint / "metrics.json").read_text())
    assert metrics["validation"]["roc_auc"] > 0.9
    assert metrics["validation"]["expected_calibration_error"] < 0.05


def test_the_same_recipe_and_data_give_the_same_checkpoint(data: TrainingSet, tmp_path: Path) -> None:
    short = RECIPE.model_copy(update={"training": RECIPE.training.model_copy(update={"epochs": 1})})
    first, second = (train(data, short, tmp_path / name) for name in ("first", "second"))
    for file in sorted(first.iterdir()):
        assert file.read_bytes() == (second / file.name).read_bytes(), file.name
    other = train(data, short.model_copy(update={"seed": 6}), tmp_path / "other")
    assert (first / "model.safetensors").read_bytes() != (other / "model.safetensors").read_bytes()


def test_progress_is_told_after_every_step_and_epoch(data: TrainingSet, tmp_path: Path) -> None:
    told: list[Progress] = []
    short = RECIPE.model_copy(update={"training": RECIPE.training.model_copy(update={"epochs": 2})})
    train(data, short, tmp_path / "out", told.append)
    epochs = [one for one in told if one.average_precision is not None]
    assert [one.epoch for one in epochs] == [1, 2]
    assert len(told) == 2 * (told[0].steps + 1)
    assert epochs[1].loss < epochs[0].loss


def test_it_stops_when_validation_no_longer_gets_better(data: TrainingSet, tmp_path: Path) -> None:
    noise = replace(data, labels=np.random.default_rng(1).integers(0, 2, len(data)).astype(np.uint8))
    training = RECIPE.training.model_copy(update={"epochs": 40, "patience": 2})
    train(noise, RECIPE.model_copy(update={"training": training}), tmp_path / "out")
    history = json.loads((tmp_path / "out" / "metrics.json").read_text())["training"]["history"]
    precisions = [epoch["average_precision"] for epoch in history]
    assert len(history) < 40
    assert int(np.argmax(precisions)) == len(history) - 3


def test_the_split_leaves_out_what_was_not_yet_labelled(data: TrainingSet) -> None:
    training, validation = data.split(4, 1)
    end = data.event_times.max()
    assert data.event_times[validation].min() > end - 4 * DAY
    assert data.event_times[training].max() <= end - 5 * DAY
    left_out = len(data) - len(training) - len(validation)
    assert left_out == ((data.event_times > end - 5 * DAY) & (data.event_times <= end - 4 * DAY)).sum()


def test_the_encoder_learns_from_training_events_only(data: TrainingSet) -> None:
    training, validation = data.split(4, 1)
    changed = replace(data, features=data.features.copy(), windows=data.windows.copy())
    changed.features[validation] *= 1_000
    changed.windows[validation] = 255
    for seed in (1, 2):
        assert Encoder.fit(changed, training, 8, seed) == Encoder.fit(data, training, 8, seed)


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        (lambda data: np.zeros_like(data.labels), "training part has .* 0 of them fraud or abuse"),
        (lambda data: np.ones_like(data.labels), "needs both kinds"),
    ],
)
def test_a_part_of_one_kind_cannot_be_learnt_from(data: TrainingSet, labels, said: str, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(TrainingSetError, match=said):
        train(replace(data, labels=labels(data)), RECIPE, tmp_path / "out")


def test_no_events_cannot_be_learnt_from(tmp_path: Path) -> None:
    with pytest.raises(TrainingSetError, match="there are no events"):
        train(training_set(events=0), RECIPE, tmp_path / "out")
