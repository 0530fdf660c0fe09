"""A threshold that keeps holds within what people can look at.

Of each whole hour (or day) of the window only the capacity + 1 greatest scores matter: the least of them is the score
that a threshold must lie above, or the hour has more holds than people can look at. The threshold is a high quantile of
these hourly values, so it knows busy hours from quiet ones. The quantile is that of split conformal prediction (Vovk,
Gammerman and Shafer, Algorithmic Learning in a Random World, 2005): where the next hour is exchangeable with the H of
the window, more than the capacity reach the threshold with a probability of at most max(overrun, 1 / (H + 1)). Where
scores drift instead, the threshold is at least that of one of the latest `allowed + 1` hours, and as much too low as
the hourly values rose since then.
"""

from heapq import heappush, heappushpop
from math import floor

import msgspec

from contracts.decisions import DECIMALS
from operators.policy.definition import Capacity, ThresholdTable
from operators.policy.thresholds.scored import Aim, Scored

_UNITS = {3_600_000: "hour", 86_400_000: "day"}


class Period(msgspec.Struct, array_like=True):
    """An hour or a day: how many scores it had, and the greatest of them as a heap, the least first."""

    scores: int = 0
    greatest: list[float] = msgspec.field(default_factory=list)


class CapacityAim:
    """Takes scores, and tells where they would have the threshold. Its state: `periods`, numbered from the epoch."""

    def __init__(self, table: ThresholdTable, capacity: Capacity, periods: dict[int, Period]) -> None:
        self._table = table
        self._most = capacity.most
        self._per = capacity.per
        self._periods = periods

    def add(self, scored: Scored) -> None:
        """Take in an event's score."""
        period = self._periods.setdefault(scored.event_time // self._per, Period())
        period.scores += 1
        if len(period.greatest) <= self._most:
            heappush(period.greatest, scored.score)
        else:
            heappushpop(period.greatest, scored.score)

    def aim(self, now: int) -> Aim | None:
        """From the whole periods of the window before `now`, epoch ms; None while they are too few.

        A period without any score counts for nothing: what stood still says nothing of busy times.
        """
        first, end = -((self._table.window - now) // self._per), now // self._per
        for number in [one for one in self._periods if one < first]:
            del self._periods[number]
        whole = [period for number, period in self._periods.items() if number < end]
        if len(whole) * self._per < self._table.evidence or not whole:
            return None
        allowed = max(0, floor(self._table.overrun * (len(whole) + 1)) - 1)
        low = sorted(map(self._least, whole), reverse=True)[allowed]
        unit = _UNITS[self._per]
        scores = sum(period.scores for period in whole)
        over = sum(self._least(period) > low for period in whole)
        why = (
            f"at most {self._most} of each {unit}'s scores from {low:.6g} on, in all but {over} of {len(whole)} "
            f"{unit}s with {scores:,} scores (quantile {1 - allowed / len(whole):.4g})"
        )
        return Aim(low, low + self._table.hysteresis, why)

    def _least(self, period: Period) -> float:
        """The least threshold that no more than the capacity reach; scores are rounded to 6 decimals."""
        too_many = len(period.greatest) > self._most
        return round(period.greatest[0] + 10**-DECIMALS, DECIMALS) if too_many else 0.0
