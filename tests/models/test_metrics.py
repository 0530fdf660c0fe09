"""Metrics against values worked out by hand and against their definitions."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.metrics import average_precision, expected_calibration_error, log_loss, roc_auc


def labels(*values: int) -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
    return np.array(values, np.uint8)


def scores(*values: float) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.array(values, np.float64)


def test_roc_auc_by_hand() -> None:
    assert roc_auc(labels(0, 0, 1, 1), scores(0.1, 0.4, 0.35, 0.8)) == 0.75
    assert roc_auc(labels(0, 1, 0, 1), scores(1, 1, 0, 2)) == 0.875
    assert roc_auc(labels(0, 1), scores(5, 5)) == 0.5


def test_average_precision_by_hand() -> None:
    assert average_precision(labels(0, 0, 1, 1), scores(0.1, 0.4, 0.35, 0.8)) == pytest.approx(5 / 6)
    assert average_precision(labels(1, 0, 1), scores(1, 1, 0)) == pytest.approx(1 / 2 * 1 / 2 + 1 / 2 * 2 / 3)
    assert average_precision(labels(0, 1), scores(5, 5)) == 0.5


def test_one_class_alone_has_no_ranking() -> None:
    assert math.isnan(roc_auc(labels(1, 1), scores(1, 2)))
    assert math.isnan(roc_auc(labels(0, 0), scores(1, 2)))
    assert math.isnan(average_precision(labels(0, 0), scores(1, 2)))
    assert math.isnan(average_precision(labels(), scores()))


@given(
    st.lists(st.tuples(st.integers(0, 1), st.integers(0, 5)), min_size=2).filter(
        lambda p: 0 < sum(y for y, _ in p) < len(p)
    )
)
def test_rankings_follow_their_definitions(pairs: list[tuple[int, int]]) -> None:
    y, s = labels(*(one for one, _ in pairs)), scores(*(one for _, one in pairs))
    wins = [(p > n) + 0.5 * (p == n) for p in s[y == 1] for n in s[y == 0]]
    assert roc_auc(y, s) == pytest.approx(np.mean(wins))
    precisions = [y[s >= threshold].mean() for threshold in s[y == 1]]
    assert average_precision(y, s) == pytest.approx(np.mean(precisions))


def test_log_loss_by_hand_and_finite_at_the_ends() -> None:
    assert log_loss(labels(1, 0), scores(0.8, 0.4)) == pytest.approx(-(math.log(0.8) + math.log(0.6)) / 2)
    assert log_loss(labels(1), scores(0.0)) == pytest.approx(-math.log(1e-7))


def test_calibration_error_by_hand() -> None:
    assert expected_calibration_error(labels(0, 1, 1, 1), scores(0.1, 0.1, 0.9, 1.0)) == pytest.approx(
        (abs(0.2 - 1) + abs(1.9 - 2)) / 4
    )
