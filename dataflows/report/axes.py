"""Axes: from data to places in a drawing, and the round numbers that are written beside them."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, log10
from typing import Final

_TICKS: Final = 5
"""About so many on an axis."""


@dataclass(frozen=True, slots=True)
class Axis:
    """`low` is drawn at `start`, `high` at `end`; logarithmic where `log`."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def place(self, value: float) -> float:
        """Where a value is drawn; what lies below a logarithmic axis is drawn at its start."""
        if self.log:
            value, low, high = log10(max(value, self.low)), log10(self.low), log10(self.high)
        else:
            low, high = self.low, self.high
        return self.start + (self.end - self.start) * (value - low) / (high - low)

    def ticks(self) -> list[float]:
        """Round values from `low` to `high`: powers of ten on a logarithmic axis."""
        if self.log:
            return [10.0**power for power in range(ceil(log10(self.low)), floor(log10(self.high)) + 1)]
        step = round_step((self.high - self.low) / _TICKS)
        first, last = ceil(self.low / step - 1e-9), floor(self.high / step + 1e-9)
        return [number * step for number in range(first, last + 1)]


def round_step(least: float) -> float:
    """The smallest of 1, 2, 5, 10, 20, 50, ... (and their tenths) that isn't below `least`."""
    power = 10.0 ** floor(log10(least))
    return next(digit * power for digit in (1, 2, 5, 10) if digit * power >= least * (1 - 1e-9))


def value_axis(values: Sequence[float], start: float, end: float, *, log: bool = False) -> Axis:
    """An axis from 0 (from below 1 where it is logarithmic) to a round number above all values."""
    most = max(values, default=0.0)
    if log:
        return Axis(0.5, 10.0 ** ceil(log10(max(most, 10.0))), start, end, log=True)
    most = most or 1.0
    step = round_step(most / _TICKS)
    return Axis(0.0, ceil(most / step - 1e-9) * step, start, end)


def short(value: float) -> str:
    """A number for an axis: 950, 1.2k, 3M, 0.25."""
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:.3g}{unit}"
    return f"{value:.3g}"
