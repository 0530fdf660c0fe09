"""Slices and the figures of an evaluation."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from models.card_precision import card_precision
from models.checkpoint import load_checkpoint
from models.errors import CheckpointError, EvaluationError
from models.evaluation import ALL, Budgets, Evaluation, evaluate
from models.lineage import read_lineage
from models.metrics import Scores, average_precision, expected_calibration_error, roc_auc
from models.scoring import probabilities
from models.training_set import DAY, TrainingSet
from tests.models.synthetic import WINDOW_EVENTS


@pytest.fixture(scope="module")
def scores(data: TrainingSet) -> Scores:
    noise = np.random.default_rng(1).random(len(data))
    return np.where(data.labels == 1, noise**0.5, noise**2)


@pytest.fixture(scope="module")
def told(data: TrainingSet, scores: Scores) -> Evaluation:
    return evaluate("test", data, scores, Budgets(cards=3, false_positive_rate=0.05))


def test_the_whole_is_what_the_metrics_say(data: TrainingSet, scores: Scores, told: Evaluation) -> None:
    whole = told.whole
    assert (whole.events, whole.positives) == (len(data), int(data.labels.sum()))
    assert whole.roc_auc == roc_auc(data.labels, scores)
    assert whole.average_precision == average_precision(data.labels, scores)
    assert whole.expected_calibration_error == expected_calibration_error(data.labels, scores)
    assert whole.false_positive_rate <= 0.05 < whole.false_positive_rate + 1 / int((data.labels == 0).sum())
    users = np.array([int(user[1:]) for user in data.user_ids])
    daily = card_precision(data.labels, scores, users, data.event_times // DAY, 3)
    assert list(told.days.values()) == daily.tolist()
    assert list(told.days) == sorted({time // DAY * DAY for time in data.event_times.tolist()})
    assert whole.card_precision == pytest.approx(daily.mean())


def test_slices_are_what_they_are_called(data: TrainingSet, scores: Scores, told: Evaluation) -> None:
    new, high = f"new users (under {WINDOW_EVENTS} events)", "high amounts (top 10%)"
    assert list(told.slices) == [ALL, new, high, "payment", "refund", "login"]
    assert told.slices[new].events == int((data.lengths < WINDOW_EVENTS).sum())
    amounts = data.scored["amount"]
    cut = np.sort(amounts)[-told.slices[high].events]
    assert told.slices[high].events == int((amounts >= cut).sum()) >= len(data) // 10
    refunds = data.scored["event_type"] == 1
    assert told.slices["refund"].roc_auc == roc_auc(data.labels[refunds], scores[refunds])
    flagged = scores[refunds & (data.labels == 1)] >= told.threshold
    assert told.slices["refund"].recall == pytest.approx(flagged.mean())


def test_a_slice_of_one_class_has_no_ranking(data: TrainingSet, scores: Scores) -> None:
    refunds = data.scored["event_type"] == 1
    told = evaluate("test", replace(data, labels=np.where(refunds, 0, data.labels)), scores, Budgets())
    assert math.isnan(told.slices["refund"].roc_auc)
    assert math.isnan(told.slices["refund"].recall)
    assert not math.isnan(told.whole.roc_auc)


def test_one_class_alone_can_t_be_judged(data: TrainingSet, scores: Scores) -> None:
    with pytest.raises(EvaluationError, match="0 of them fraud or abuse"):
        evaluate("test", replace(data, labels=np.zeros_like(data.labels)), scores, Budgets())


def test_some_events_of_a_training_set(data: TrainingSet) -> None:
    some = data.take(np.array([5, 3]))
    assert some.event_ids == ("e5", "e3")
    assert some.user_ids == (data.user_ids[5], data.user_ids[3])
    assert [one.window for one in some.inputs(np.arange(2))] == [one.window for one in data.inputs(np.array([5, 3]))]
    assert np.array_equal(some.features, data.features[[5, 3]], equal_nan=True)


def test_a_scorer_is_asked_in_batches(data: TrainingSet, checkpoint: Path) -> None:
    scorer, asked = load_checkpoint(checkpoint, device="cpu"), list[tuple[int, int]]()
    scores = probabilities(scorer, data, lambda scored, of: asked.append((scored, of)))
    assert asked == [(1_024, 3_000), (2_048, 3_000), (3_000, 3_000)]
    assert scores[2_500] == pytest.approx(scorer.score(data.inputs(np.array([2_500])))[0], abs=1e-5)


def test_a_checkpoint_tells_what_it_learnt_from(data: TrainingSet, checkpoint: Path) -> None:
    lineage = read_lineage(checkpoint)
    training, validation = data.split(4, 1)
    assert lineage.training.indices(data).tolist() == training.tolist()
    assert lineage.validation.indices(data).tolist() == validation.tolist()


@pytest.mark.parametrize(
    ("text", "said"),
    [(None, "metrics.json is missing"), ("{}", "training: Field required"), ("{", "metrics.json: Invalid JSON: ")],
)
def test_a_checkpoint_that_does_not_tell(text: str | None, said: str, tmp_path: Path) -> None:
    if text is not None:
        (tmp_path / "metrics.json").write_text(text)
    with pytest.raises(CheckpointError, match=said):
        read_lineage(tmp_path)
