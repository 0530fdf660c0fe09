"""Equality of feature vectors: exact where integers decide, else within what floating point loses."""

from collections.abc import Sequence
from math import isclose, isnan


def equal(left: float, right: float) -> bool:
    return isclose(left, right, rel_tol=1e-9) or (isnan(left) and isnan(right))


def assert_equal(names: Sequence[str], found: Sequence[Sequence[float]], wanted: Sequence[Sequence[float]]) -> None:
    """Every vector is what is wanted, in order; says which feature of which event is not."""
    assert len(found) == len(wanted)
    for number, (have, want) in enumerate(zip(found, wanted, strict=True)):
        differing = [
            (name, one, other) for name, one, other in zip(names, have, want, strict=True) if not equal(one, other)
        ]
        assert not differing, f"event {number}: (name, found, wanted) {differing}"
