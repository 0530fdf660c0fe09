"""The text scorer as the flow uses it."""

import math
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer, pipeline
from transformers.utils import logging

from contracts.events import EVENT_TYPES
from contracts.scoring import ROW_SIZE, ExplainableScorer, RiskScorer, ScoringInput
from models.metrics import roc_auc
from models.text.batches import by_length
from models.text.checkpoint import load_text_checkpoint
from models.text.scorer import TextScorer
from tests.models.synthetic import NAMES, WINDOW_EVENTS, scoring_inputs, training_set


@pytest.fixture(scope="module")
def scorer(text_checkpoint: Path) -> TextScorer:
    return load_text_checkpoint(text_checkpoint, NAMES, WINDOW_EVENTS, device="cpu")


@pytest.fixture(scope="module")
def inputs() -> list[ScoringInput]:
    return scoring_inputs(training_set(events=300, seed=9))


def test_it_is_a_risk_scorer(scorer: RiskScorer) -> None:
    assert scorer.version.startswith("tiny-text#")
    assert (scorer.feature_names, scorer.window_events, scorer.reads_text) == (NAMES, WINDOW_EVENTS, True)


def test_what_is_usual_is_known_for_explanations(scorer: TextScorer) -> None:
    assert isinstance(scorer, ExplainableScorer)
    assert all(len(scorer.usual(kind)) == len(NAMES) for kind in EVENT_TYPES)


def test_bfloat16_scores_nearly_the_same_and_says_so_in_its_version(
    scorer: TextScorer, text_checkpoint: Path, inputs: list[ScoringInput]
) -> None:
    lower = load_text_checkpoint(text_checkpoint, NAMES, WINDOW_EVENTS, device="cpu", precision="bfloat16")
    assert lower.version == f"{scorer.version}+bfloat16"
    scores, expected = np.array(lower.score(inputs)), np.array(scorer.score(inputs))
    assert not np.array_equal(scores, expected)
    assert scores == pytest.approx(expected, abs=0.05)


def test_the_same_alone_and_in_any_batch(scorer: TextScorer, inputs: list[ScoringInput]) -> None:
    alone = [scorer.score([one])[0] for one in inputs]
    assert scorer.score(inputs) == pytest.approx(alone, abs=1e-5)
    assert scorer.score(inputs[::-1])[::-1] == pytest.approx(alone, abs=1e-5)
    assert scorer.score([]) == []


def test_the_event_s_own_text_has_a_say(scorer: TextScorer, inputs: list[ScoringInput]) -> None:
    long = inputs[0]._replace(text="card device " * 100)
    assert scorer.text(long).count("card device") == 100
    texts = [inputs[0], inputs[0]._replace(text="payment card"), long, long._replace(text="card device " * 50)]
    alone = [scorer.score([one])[0] for one in texts]
    assert scorer.score(texts) == pytest.approx(alone, abs=1e-5)
    assert len({round(score, 9) for score in alone[:3]}) == 3
    assert alone[2] == alone[3]  # of both, as much as fits


def test_scores_are_probabilities_and_find_the_planted_fraud(scorer: TextScorer, inputs: list[ScoringInput]) -> None:
    scores = np.array(scorer.score(inputs))
    assert ((scores >= 0) & (scores <= 1)).all()
    assert roc_auc(training_set(events=300, seed=9).labels, scores) > 0.75


def test_of_a_longer_window_the_latest_events_count(scorer: TextScorer, inputs: list[ScoringInput]) -> None:
    one = next(one for one in inputs if len(one.window) == WINDOW_EVENTS * ROW_SIZE)
    longer = one._replace(window=one.window[:ROW_SIZE] + one.window)
    assert scorer.text(longer) == scorer.text(one)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (ScoringInput((1.0,) * 3, b""), "1 or more rows"),
        (ScoringInput((1.0,) * 3, bytes(ROW_SIZE + 1)), "1 or more rows"),
        (ScoringInput((1.0,) * 2, bytes(ROW_SIZE)), "must have 3 values"),
    ],
)
def test_an_input_of_another_form_is_refused(scorer: TextScorer, wrong: ScoringInput, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        scorer.score([wrong])


def test_texts_of_like_length_go_together() -> None:
    lengths = [int(length) for length in np.random.default_rng(1).integers(5, 200, 500)]
    groups = list(by_length([[0] * length for length in lengths]))
    assert sorted(index for group in groups for index in group) == list(range(500))
    for group in groups:
        own = [lengths[index] for index in group]
        assert min(own) >= 0.9 * max(own)
        assert len(own) * max(own) <= 4_096
    assert list(by_length([])) == []


@pytest.mark.parametrize("labels", [1, 3])
def test_an_untrained_model_scores_as_its_pipeline(
    labels: int, minilm: Path, inputs: list[ScoringInput], tmp_path: Path
) -> None:
    """Of the real BERT with a head of random weights: one label through a sigmoid, more through a softmax."""
    logging.set_verbosity_error()
    names = {0: "honest", 1: "Fraud", 2: "unclear"} if labels > 1 else {0: "LABEL_0"}
    with torch.random.fork_rng():
        torch.manual_seed(1)
        model = AutoModelForSequenceClassification.from_pretrained(
            minilm, num_labels=labels, id2label={label: names[label] for label in range(labels)}
        )
    model.save_pretrained(tmp_path)
    shutil.copy(minilm / "tokenizer.json", tmp_path)
    shutil.copy(minilm / "tokenizer_config.json", tmp_path)
    scorer = load_text_checkpoint(tmp_path, ("any",), WINDOW_EVENTS, "cpu")
    plain = pipeline("text-classification", model=model, tokenizer=AutoTokenizer.from_pretrained(minilm), top_k=None)
    some = inputs[:12]
    expected = [
        next(told["score"] for told in one if labels == 1 or told["label"] == "Fraud")
        for one in plain([scorer.text(one) for one in some])
    ]
    assert scorer.feature_names == ()
    assert scorer.score(some) == pytest.approx(expected, abs=1e-5)
    assert not math.isclose(min(expected), max(expected))
