"""The event scorer as the flow uses it."""

from pathlib import Path

import numpy as np
import pytest
import torch

from contracts.scoring import ROW_SIZE, RiskScorer, ScoringInput
from models.checkpoint import load_checkpoint
from models.event_scorer import EventScorer
from models.inputs import Inputs
from models.metrics import roc_auc
from models.training_set import TrainingSet
from tests.models.synthetic import NAMES, WINDOW_EVENTS, scoring_inputs, training_set


@pytest.fixture(scope="module")
def scorer(checkpoint: Path) -> EventScorer:
    return load_checkpoint(checkpoint, device="cpu")


@pytest.fixture(scope="module")
def inputs() -> list[ScoringInput]:
    return scoring_inputs(training_set(events=300, seed=9))


def test_it_is_a_risk_scorer(scorer: RiskScorer) -> None:
    assert scorer.version.startswith("tiny#")
    assert (scorer.feature_names, scorer.window_events) == (NAMES, WINDOW_EVENTS)


def test_the_same_alone_and_in_any_batch(scorer: EventScorer, inputs: list[ScoringInput]) -> None:
    alone = [scorer.score([one])[0] for one in inputs]
    assert scorer.score(inputs) == pytest.approx(alone, abs=1e-5)
    assert scorer.score(inputs[::-1])[::-1] == pytest.approx(alone, abs=1e-5)
    assert scorer.score([]) == []


def test_inputs_may_share_windows(scorer: EventScorer, inputs: list[ScoringInput]) -> None:
    sharing = [one._replace(window=inputs[number % 7].window) for number, one in enumerate(inputs)]
    alone = [scorer.score([one])[0] for one in sharing]
    assert scorer.score(sharing) == pytest.approx(alone, abs=1e-5)


def test_scores_are_probabilities_and_find_the_planted_fraud(scorer: EventScorer, inputs: list[ScoringInput]) -> None:
    scores = np.array(scorer.score(inputs))
    assert ((scores >= 0) & (scores <= 1)).all()
    assert roc_auc(training_set(events=300, seed=9).labels, scores) > 0.9


def test_equal_to_the_network_over_padded_windows(scorer: EventScorer, checkpoint: Path) -> None:
    data: TrainingSet = training_set(events=200, seed=4)
    rows = data.rows(np.arange(len(data)))
    network, encoder = scorer._network, scorer._encoder
    with torch.inference_mode():
        mask = torch.from_numpy((rows["event_time"][:, ::-1] != 0).astype(np.int64))
        expected = network.probability(network(*Inputs.encoded(encoder, rows, data.features), mask)).tolist()
    assert scorer.score(scoring_inputs(data)) == pytest.approx(expected, abs=1e-5)


def test_of_a_longer_window_the_latest_events_count(scorer: EventScorer, inputs: list[ScoringInput]) -> None:
    one = next(one for one in inputs if len(one.window) == WINDOW_EVENTS * ROW_SIZE)
    longer = one._replace(window=one.window[:ROW_SIZE] + one.window)
    assert scorer.score([longer]) == scorer.score([one])


def test_unknown_features_are_no_obstacle(scorer: EventScorer, inputs: list[ScoringInput]) -> None:
    nothing = inputs[0]._replace(features=(float("nan"),) * len(NAMES))
    huge = inputs[0]._replace(features=(float("inf"), -1e300, 1e30))
    with np.errstate(over="ignore"):
        scores = scorer.score([nothing, huge])
    assert all(0 <= score <= 1 for score in scores)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (ScoringInput((1.0,) * 3, b""), "1 or more rows"),
        (ScoringInput((1.0,) * 3, bytes(ROW_SIZE + 1)), "1 or more rows"),
        (ScoringInput((1.0,) * 2, bytes(ROW_SIZE)), "must have 3 values"),
    ],
)
def test_an_input_of_another_form_is_refused(scorer: EventScorer, wrong: ScoringInput, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        scorer.score([wrong])
