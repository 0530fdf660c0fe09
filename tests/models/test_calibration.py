"""Calibration: what negative sampling bends is set straight."""

import numpy as np
import pytest

from models.calibration import platt, sampling_offset


def sigmoid(logits: np.ndarray[tuple[int], np.dtype[np.float64]]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return 1 / (1 + np.exp(-logits))


def test_platt_finds_the_slope_and_offset_that_made_the_labels() -> None:
    random = np.random.default_rng(2)
    logits = random.normal(0, 2, 200_000)
    made = (random.random(len(logits)) < sigmoid(0.7 * logits - 1.5)).astype(np.uint8)
    assert platt(made, logits) == pytest.approx((0.7, -1.5), abs=0.03)


def test_the_sampling_offset_undoes_negative_sampling() -> None:
    random = np.random.default_rng(2)
    logits = random.normal(-2, 2, 400_000)
    made = (random.random(len(logits)) < sigmoid(logits)).astype(np.uint8)
    kept = (made == 1) | (random.random(len(logits)) < 0.1)
    slope, offset = platt(made[kept], logits[kept])  # what a model of the sample learns
    assert slope == pytest.approx(1, abs=0.05)
    assert offset + sampling_offset(0.1) == pytest.approx(0, abs=0.05)


def test_without_evidence_the_start_stays() -> None:
    assert platt(np.zeros(0, np.uint8), np.zeros(0), -2.0) == (1.0, -2.0)


def test_separable_labels_give_finite_weights() -> None:
    slope, offset = platt(np.array([0, 0, 1, 1], np.uint8), np.array([-2.0, -1.0, 1.0, 2.0]))
    assert np.isfinite([slope, offset]).all()
    assert slope > 1
