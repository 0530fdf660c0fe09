"""The fake scorer: cheap, deterministic, and dependent on everything."""

import subprocess
import sys

import pytest

from contracts.scoring import ROW_SIZE, RiskScorer, ScoringInput
from models.fake import FakeScorer

ONE = ScoringInput((1.0, float("nan")), bytes(ROW_SIZE))


def test_it_is_a_risk_scorer() -> None:
    scorer: RiskScorer = FakeScorer(("a", "b"), 16)
    assert (scorer.version, scorer.feature_names, scorer.window_events) == ("fake#1", ("a", "b"), 16)


def test_the_score_is_the_same_alone_and_in_a_batch_and_depends_on_every_part() -> None:
    others = [
        ONE._replace(features=(1.5, float("nan"))),
        ONE._replace(window=bytes(ROW_SIZE - 1) + b"\1"),
        ONE._replace(text="Great."),
    ]
    scores = FakeScorer().score([ONE, *others])
    assert (
        scores[0]
        == FakeScorer().score([ONE])[0]
        == FakeScorer().score([ONE._replace(features=(1.0, -float("nan")))])[0]
    )
    assert len(set(scores)) == 4
    assert all(0 <= score < 1 for score in scores)


def test_scores_spread_evenly() -> None:
    scores = FakeScorer().score([ScoringInput((float(i),), bytes(ROW_SIZE)) for i in range(2_000)])
    assert sum(scores) / len(scores) == pytest.approx(0.5, abs=0.03)
    assert sum(score > 0.9 for score in scores) / len(scores) == pytest.approx(0.1, abs=0.03)


def test_it_fails_and_takes_its_time_when_told_to() -> None:
    slept: list[float] = []
    scorer = FakeScorer(fails=lambda batch: len(batch) > 1, delay=2.5, sleep=slept.append)
    assert scorer.score([ONE]) == FakeScorer().score([ONE])
    with pytest.raises(RuntimeError, match="told to fail"):
        scorer.score([ONE, ONE])
    assert slept == [2.5, 2.5]


def test_it_needs_no_torch() -> None:
    code = "import sys, models.fake; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
