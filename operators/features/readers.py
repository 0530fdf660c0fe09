"""Readers: the value of a feature from a ring and the bounds of its window."""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from math import nan, sqrt
from typing import Final, Protocol

from contracts.events import AMOUNT_SCALE
from operators.features.definition import Where
from operators.features.measure import Measure, WindowedFeature
from operators.ring import ABSENT, Ring

Reader = Callable[[Ring, int, int, int, Sequence[int]], float]
"""(ring, low, high, event time, the event's own values) -> feature."""


class Columns(Protocol):
    """Where a reader finds its columns: the plan that it is made for."""

    settle: int

    def column(self, measure: Measure) -> int:
        """The number of the column that holds `measure`."""


_SECOND: Final = 1_000


def make_reader(feature: WindowedFeature, plan: Columns) -> Reader:
    """The reader of one feature; its columns are asked of the plan.

    Over an empty window, counts, sums, shares and rates are 0; mean, std, min, max and gap are unknown (NaN).
    """
    return _MAKERS[feature.aggregate](feature, plan)


def _count(feature: WindowedFeature, plan: Columns) -> Reader:
    if feature.where == Where():
        return lambda ring, low, high, time, values: float(high - low)
    matching = plan.column(Measure("1", feature.where, True))

    def read(ring: Ring, low: int, high: int, time: int, values: Sequence[int]) -> float:
        totals = ring.columns[matching]
        return float(totals[high] - totals[low])

    return read


def _sum(feature: WindowedFeature, plan: Columns) -> Reader:
    amounts = plan.column(Measure("amount", feature.where, True))

    def read(ring: Ring, low: int, high: int, time: int, values: Sequence[int]) -> float:
        totals = ring.columns[amounts]
        return (totals[high] - totals[low]) / AMOUNT_SCALE

    return read


def _mean(feature: WindowedFeature, plan: Columns) -> Reader:
    amounts = plan.column(Measure("amount", feature.where, True))
    present = plan.column(Measure("has_amount", feature.where, True))

    def read(ring: Ring, low: int, high: int, time: int, values: Sequence[int]) -> float:
        counts, totals = ring.columns[present], ring.columns[amounts]
        count = counts[high] - counts[low]
        return (totals[high] - totals[low]) / (count * AMOUNT_SCALE) if count else nan

    return read


def _of_amounts(summary: Callable[[list[int]], float]) -> Callable[[WindowedFeature, Columns], Reader]:
    def make(feature: WindowedFeature, plan: Columns) -> Reader:
        amounts = plan.column(Measure("amount", feature.where, False))

        def read(ring: Ring, low: int, high: int, time: int, values: Sequence[int]) -> float:
            present = [amount for amount in ring.columns[amounts][low:high] if amount != ABSENT]
            return summary(present) / AMOUNT_SCALE if present else nan

        return read

    return make


def _std(amounts: list[int]) -> float:
    """The population's standard deviation, from exact integer sums."""
    count, total = len(amounts), sum(amounts)
    return sqrt(count * sum(amount * amount for amount in amounts) - total * total) / count


def _distinct(feature: WindowedFeature, plan: Columns) -> Reader:
    identifiers = plan.column(Measure(feature.field or "", feature.where, False))

    def read(ring: Ring, low: int, high: int, time: int, values: Sequence[int]) -> float:
        found = set(ring.columns[identifiers][low:high])
        found.discard(ABSENT)
        return float(len(found))

    return read


def _same(feature: WindowedFeature, plan: Columns) -> Reader:
    """How many events of the window share the scored event's value, itself included where it lies in the window."""
    identifiers = plan.column(Measure(feature.field or "", feature.where, False))

    def read(ring: Ring, low: int, high: int, time: int, values: Sequence[int]) -> float:
        own = values[identifiers]
        return 0.0 if own == ABSENT else float(ring.columns[identifiers][low:high].count(own))

    return read


def _share(feature: WindowedFeature, plan: Columns) -> Reader:
    matching = plan.column(Measure("1", feature.where, True))

    def read(ring: Ring, low: int, high: int, time: int, values: Sequence[int]) -> float:
        totals = ring.columns[matching]
        return (totals[high] - totals[low]) / (high - low) if high > low else 0.0

    return read


def _rate(feature: WindowedFeature, plan: Columns) -> Reader:
    """Events with the label, as known `settle` before the event, over all that match."""
    matching = plan.column(Measure("1", feature.where, True))
    labelled = plan.column(Measure("labelled", feature.where, True, feature.label or ""))

    def read(ring: Ring, low: int, high: int, time: int, values: Sequence[int]) -> float:
        counts, totals = ring.columns[matching], ring.columns[labelled]
        count = counts[high] - counts[low]
        return (totals[high] - totals[low]) / count if count else 0.0

    return read


def _age(feature: WindowedFeature, plan: Columns) -> Reader:
    """Seconds since the entity's first event; 0 where it isn't settled yet."""
    settle = plan.settle

    def read(ring: Ring, low: int, high: int, time: int, values: Sequence[int]) -> float:
        return (time - ring.first_seen) / _SECOND if ring.first_seen <= time - settle else 0.0

    return read


def _gap(feature: WindowedFeature, plan: Columns) -> Reader:
    """Seconds since the latest earlier event that matches."""
    matching = plan.column(Measure("1", feature.where, True))

    def read(ring: Ring, low: int, high: int, time: int, values: Sequence[int]) -> float:
        totals = ring.columns[matching]
        latest = bisect_left(totals, totals[high], low, high) if totals[high] > totals[low] else 0
        return (time - ring.times[latest - 1]) / _SECOND if latest else nan

    return read


_MAKERS: Final = {
    "count": _count,
    "sum": _sum,
    "mean": _mean,
    "std": _of_amounts(_std),
    "min": _of_amounts(min),
    "max": _of_amounts(max),
    "distinct": _distinct,
    "same": _same,
    "share": _share,
    "rate": _rate,
    "age": _age,
    "gap": _gap,
}
