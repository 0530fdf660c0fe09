"""Curves, budgets and bins against their definitions, and against scikit-learn where it is installed."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.curves import Reliability, Thresholds, reliability
from models.metrics import Labels, Scores, average_precision, expected_calibration_error, log_loss, roc_auc

PAIRS = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 8)), min_size=2, max_size=60).filter(
    lambda pairs: 0 < sum(label for label, _ in pairs) < len(pairs)
)
"""Labels of both kinds, with scores of which many tie."""


def arrays(pairs: list[tuple[int, int]]) -> tuple[Labels, Scores]:
    return np.array([label for label, _ in pairs], np.uint8), np.array([score / 8 for _, score in pairs])


@given(PAIRS, st.floats(0, 1))
def test_a_budget_is_kept_and_spent(pairs: list[tuple[int, int]], budget: float) -> None:
    labels, scores = arrays(pairs)
    threshold = Thresholds.of(labels, scores).within(budget)
    assert np.mean(scores[labels == 0] >= threshold) <= budget
    lower = scores[scores < threshold]
    if len(lower):
        assert np.mean(scores[labels == 0] >= lower.max()) > budget


@given(PAIRS, st.lists(st.floats(0, 1), min_size=1, max_size=5))
def test_curves_follow_their_definitions(pairs: list[tuple[int, int]], at: list[float]) -> None:
    labels, scores = arrays(pairs)
    curves, grid = Thresholds.of(labels, scores), np.array(at)
    flagged = [scores >= threshold for threshold in curves.scores]
    recall = np.array([labels[told].sum() / labels.sum() for told in flagged])
    wrong = np.array([(1 - labels[told]).sum() / (1 - labels).sum() for told in flagged])
    precision = np.array([labels[told].mean() for told in flagged])
    assert curves.recall_at(grid) == pytest.approx([max([0.0, *recall[wrong <= one]]) for one in grid])
    assert curves.precision_at(grid) == pytest.approx([precision[recall >= one][0] for one in grid])


def test_reliability_by_hand() -> None:
    labels, probabilities = np.array([0, 1, 1, 1], np.uint8), np.array([0.1, 0.1, 0.95, 1.0])
    assert reliability(labels, probabilities) == [Reliability(2, 0.1, 0.5), Reliability(2, pytest.approx(0.975), 1.0)]


@given(PAIRS)
def test_the_calibration_error_is_what_reliability_shows(pairs: list[tuple[int, int]]) -> None:
    labels, scores = arrays(pairs)
    bins = reliability(labels, scores)
    error = sum(one.events * abs(one.predicted - one.observed) for one in bins) / len(labels)
    assert expected_calibration_error(labels, scores) == pytest.approx(error)


@given(PAIRS)
def test_it_agrees_with_scikit_learn(pairs: list[tuple[int, int]]) -> None:
    metrics: Any = pytest.importorskip("sklearn.metrics")
    labels, scores = arrays(pairs)
    curves = Thresholds.of(labels, scores)
    wrong, recall, _ = metrics.roc_curve(labels, scores, drop_intermediate=False)
    assert [0.0, *curves.false_positive_rate] == pytest.approx(list(wrong))
    assert [0.0, *curves.recall] == pytest.approx(list(recall))
    precision, found, _ = metrics.precision_recall_curve(labels, scores)
    assert list(curves.precision) == pytest.approx(list(precision[-2::-1]))
    assert list(curves.recall) == pytest.approx(list(found[-2::-1]))
    assert roc_auc(labels, scores) == pytest.approx(metrics.roc_auc_score(labels, scores))
    assert average_precision(labels, scores) == pytest.approx(metrics.average_precision_score(labels, scores))
    clipped = np.clip(scores, 1e-7, 1 - 1e-7)
    assert log_loss(labels, scores) == pytest.approx(metrics.log_loss(labels, clipped))


def test_a_budget_of_nothing_can_buy_nothing() -> None:
    labels, scores = np.array([0, 1], np.uint8), np.array([0.9, 0.1])
    assert Thresholds.of(labels, scores).within(0.0) == math.inf
