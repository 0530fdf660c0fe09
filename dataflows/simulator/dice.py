"""A seeded source of chance that falls the same on every platform."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import accumulate
from math import exp
from random import Random
from typing import Generic, TypeVar

T = TypeVar("T")

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR


class Dice(Random):
    """Draws built on `random()` and `gauss()` alone, whose sequences Python keeps for a given seed.

    Floats that went through the platform's mathematics may differ in their last bit, so whoever draws one rounds it to
    a whole number (of milliseconds, of cents) before anything is built on it.
    """

    def chance(self, probability: float) -> bool:
        """True with the probability given."""
        return self.random() < probability

    def below(self, count: int) -> int:
        """A whole number in [0, count)."""
        return int(self.random() * count)

    def between(self, least: int, most: int) -> int:
        """A whole number in [least, most]."""
        return least + int(self.random() * (most - least + 1))

    def pick(self, items: Sequence[T]) -> T:
        """One of the items, all alike."""
        return items[int(self.random() * len(items))]

    def log_normal(self, median: float, sigma: float) -> float:
        """A log-normal draw."""
        return median * exp(sigma * self.gauss(0.0, 1.0))

    def delay(self, median: float, sigma: float) -> int:
        """A log-normal time in whole milliseconds, at least one."""
        return 1 + int(self.log_normal(median, sigma))


class Weighted(Generic[T]):
    """Items drawn by weight."""

    def __init__(self, weighted: Iterable[tuple[T, float]]) -> None:
        pairs = list(weighted)
        self.items = [item for item, _ in pairs]
        self._sums = list(accumulate(weight for _, weight in pairs))

    def draw(self, dice: Dice) -> T:
        """One item."""
        return self.items[bisect_right(self._sums, dice.random() * self._sums[-1], 0, len(self.items) - 1)]


def zipf(items: Iterable[T], exponent: float = 1.0) -> Weighted[T]:
    """Items whose popularity falls with their rank: weight 1 / rank^exponent."""
    return Weighted((item, rank**-exponent) for rank, item in enumerate(items, 1))
