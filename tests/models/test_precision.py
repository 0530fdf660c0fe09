"""The event scorer in bfloat16 beside the same in float32, and its training by mixed precision."""

from pathlib import Path

import numpy as np
import pytest
import torch

from dataflows.request import RunRequest
from dataflows.settings import ScoringSettings, Settings
from models import training
from models.choice import open_scorer
from models.metrics import roc_auc
from models.training import train
from tests.models.synthetic import NAMES, RECIPE, WINDOW_EVENTS, scoring_inputs, training_set

DATA = training_set(events=300, seed=9)
INPUTS = scoring_inputs(DATA)


def test_bfloat16_scores_nearly_the_same_and_says_so_in_its_version(checkpoint: Path) -> None:
    exact = open_scorer(str(checkpoint), NAMES, WINDOW_EVENTS)
    lower = open_scorer(str(checkpoint), NAMES, WINDOW_EVENTS, "bfloat16")
    assert lower.version == f"{exact.version}+bfloat16"
    scores, expected = np.array(lower.score(INPUTS)), np.array(exact.score(INPUTS))
    assert not np.array_equal(scores, expected)
    assert scores == pytest.approx(expected, abs=0.05)


def test_the_flow_scores_in_the_precision_that_is_set() -> None:
    settings = Settings(scoring=ScoringSettings(precision="bfloat16"))
    scorer = RunRequest(source="", labels=None, sink="", wire=settings.to_wire()).scorer()
    assert scorer is not None
    assert scorer.version.endswith("+bfloat16")


def test_a_gpu_s_training_by_bfloat16_products(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Here on the CPU, whose autocast has the same rules."""
    entered = list[bool]()

    def mixed(device: torch.device, training: bool) -> torch.autocast:
        entered.append(training)
        return torch.autocast("cpu", torch.bfloat16, enabled=training)

    monkeypatch.setattr(training, "mixed", mixed)
    scorer = open_scorer(str(train(training_set(), RECIPE, tmp_path)), NAMES, WINDOW_EVENTS)
    assert set(entered) == {True, False}
    assert roc_auc(DATA.labels, np.array(scorer.score(INPUTS))) > 0.9
