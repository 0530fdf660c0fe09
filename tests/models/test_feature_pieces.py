"""Piecewise-linear encoding of feature vectors."""

import numpy as np
import pytest

from models.feature_pieces import FeaturePieces

NAN = float("nan")
PIECES = FeaturePieces(names=("amount", "flag", "never"), edges=((0.0, 10.0, 30.0), (0.0, 1.0), ()))


def encoded(*vector: float) -> list[float]:
    numbers: list[float] = PIECES.encode(np.array([vector], np.float32))[0].tolist()
    return numbers


@pytest.mark.parametrize(
    ("vector", "pieces"),
    [
        ((0, 0, 0), [0, 0, 0]),
        ((5, 1, 0), [0.5, 0, 1]),
        ((10, 0, 0), [1, 0, 0]),
        ((15, 0.25, 0), [1, 0.25, 0.25]),
        ((1e30, -7, 0), [1, 1, 0]),
        ((float("inf"), float("-inf"), 0), [1, 1, 0]),
    ],
)
def test_a_value_fills_the_pieces_below_it(vector: tuple[float, ...], pieces: list[float]) -> None:
    assert encoded(*vector) == [*pieces, 0, 0, 0]


def test_an_unknown_feature_fills_nothing_but_its_flag() -> None:
    assert encoded(NAN, 1, NAN) == [0, 0, 1, 1, 0, 1]


def test_fit_takes_quantiles_and_leaves_unknowns_out() -> None:
    values = np.array([[1, 0, NAN], [2, 1, NAN], [3, 0, NAN], [4, 1, NAN], [NAN, 0, NAN]], np.float32)
    fitted = FeaturePieces.fit(("a", "b", "c"), values, 3)
    assert fitted.edges == ((1.0, 2.0, 3.0, 4.0), (0.0, 1.0), ())
    assert fitted.width == 3 + 1 + 3


def test_a_constant_feature_has_no_pieces() -> None:
    fitted = FeaturePieces.fit(("a",), np.full((9, 1), 3.0, np.float32), 4)
    assert fitted.encode(np.array([[3.0], [NAN]], np.float32)).tolist() == [[0.0], [1.0]]
