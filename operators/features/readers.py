"""Readers: the value of a feature over one window, as a Python expression that a plan's program holds.

An expression may use `low` and `high`, the bounds of the window's events; `c0`, `c1` and so on, the ring's columns;
`ring`, `times`, `time` (of the scored event), `values` (the event's own) and the names of `FUNCTIONS`.
"""

from array import array
from bisect import bisect_left
from collections import deque
from collections.abc import Callable
from itertools import islice
from math import nan, sqrt
from typing import Any, Final, Protocol

from contracts.events import AMOUNT_SCALE
from operators.features.definition import Where
from operators.features.measure import Measure, WindowedFeature
from operators.features.sliding import LONG, Counts, Extremes, Moments, slid
from operators.ring import ABSENT, Ring


class Columns(Protocol):
    """Where a reader finds its columns: the plan that it is made for."""

    settle: int

    def column(self, measure: Measure) -> int:
        """The number of the column that holds `measure`."""


_SECOND: Final = 1_000


def reader(feature: WindowedFeature, plan: Columns, number: int) -> str:
    """The expression of one feature, the plan's so-manyth; its columns are asked of the plan.

    Over an empty window, counts, sums, shares and rates are 0; mean, std, min, max and gap are unknown (NaN).
    """
    return _READERS[feature.aggregate](feature, plan).replace("$", str(number))


def _total(plan: Columns, field: str, where: Where, label: str = "") -> str:
    column = plan.column(Measure(field, where, True, label))
    return f"c{column}[high] - c{column}[low]"


def _raw(feature: WindowedFeature, plan: Columns) -> int:
    """The number of the column of single values."""
    return plan.column(Measure(feature.field or "", feature.where, False))


def _window(column: int) -> str:
    """What the functions over single values ask for; `$` becomes the feature's number."""
    return f"ring, $, c{column}, low, high"


def _count(feature: WindowedFeature, plan: Columns) -> str:
    return "float(high - low)" if feature.where == Where() else f"float({_total(plan, '1', feature.where)})"


def _sum(feature: WindowedFeature, plan: Columns) -> str:
    return f"({_total(plan, 'amount', feature.where)}) / {AMOUNT_SCALE}"


def _mean(feature: WindowedFeature, plan: Columns) -> str:
    total, count = (_total(plan, field, feature.where) for field in ("amount", "has_amount"))
    return f"({total}) / (count * {AMOUNT_SCALE}) if (count := {count}) else nan"


def _of_amounts(summary: str) -> Callable[[WindowedFeature, Columns], str]:
    return lambda feature, plan: f"{summary}({_window(_raw(feature, plan))})"


def _distinct(feature: WindowedFeature, plan: Columns) -> str:
    return f"distinct({_window(_raw(feature, plan))})"


def _same(feature: WindowedFeature, plan: Columns) -> str:
    """How many events of the window share the scored event's value, itself included where it lies in the window."""
    column = _raw(feature, plan)
    return f"same({_window(column)}, values[{column}])"


def _share(feature: WindowedFeature, plan: Columns) -> str:
    return f"({_total(plan, '1', feature.where)}) / (high - low) if high > low else 0.0"


def _rate(feature: WindowedFeature, plan: Columns) -> str:
    """Events with the label, as known `settle` before the event, over all that match."""
    count = _total(plan, "1", feature.where)
    return f"({_total(plan, 'labelled', feature.where, feature.label or '')}) / count if (count := {count}) else 0.0"


def _age(feature: WindowedFeature, plan: Columns) -> str:
    """Seconds since the entity's first event; 0 where it isn't settled yet."""
    return f"(time - ring.first_seen) / {_SECOND} if ring.first_seen <= time - {plan.settle} else 0.0"


def _gap(feature: WindowedFeature, plan: Columns) -> str:
    """Seconds since the latest earlier event that matches."""
    return f"gap(times, c{plan.column(Measure('1', feature.where, True))}, low, high, time)"


def _changed(feature: WindowedFeature, plan: Columns) -> str:
    """Whether the scored event's value is another than that of the latest earlier event that has one."""
    column = _raw(feature, plan)
    return f"changed(c{column}, low, high, values[{column}])"


_READERS: Final = {
    "count": _count,
    "sum": _sum,
    "mean": _mean,
    "std": _of_amounts("std"),
    "min": _of_amounts("least"),
    "max": _of_amounts("greatest"),
    "distinct": _distinct,
    "same": _same,
    "share": _share,
    "rate": _rate,
    "age": _age,
    "gap": _gap,
    "changed": _changed,
}


Summarised = Callable[[Ring, int, "array[int]", int, int], float]
"""(ring, the feature's number, column, low, high) -> feature."""


def _extreme(choose: Callable[[list[int]], int], kept: Callable[[Extremes], "deque[tuple[int, int]]"]) -> Summarised:
    def read(ring: Ring, number: int, column: "array[int]", low: int, high: int) -> float:
        if high - low > LONG:
            best = [value for _, value in islice(kept(slid(ring, number, Extremes, column, low, high)), 1)]
        else:
            best = _present(column, low, high)
        return choose(best) / AMOUNT_SCALE if best else nan

    return read


def _deviation(ring: Ring, number: int, column: "array[int]", low: int, high: int) -> float:
    """The population's standard deviation, from exact integer sums."""
    if high - low > LONG:
        moments = slid(ring, number, Moments, column, low, high)
        count, total, squares = moments.count, moments.total, moments.squares
    else:
        present = _present(column, low, high)
        count, total, squares = len(present), sum(present), sum([amount * amount for amount in present])
    return sqrt(count * squares - total * total) / count / AMOUNT_SCALE if count else nan


def _different(ring: Ring, number: int, column: "array[int]", low: int, high: int) -> float:
    if high - low > LONG:
        return float(len(slid(ring, number, Counts, column, low, high).of))
    found = set(column[low:high])
    found.discard(ABSENT)
    return float(len(found))


def _equal(ring: Ring, number: int, column: "array[int]", low: int, high: int, own: int) -> float:
    if own == ABSENT:
        return 0.0
    if high - low > LONG:
        return float(slid(ring, number, Counts, column, low, high).of.get(own, 0))
    return float(column[low:high].count(own))


def _present(column: "array[int]", low: int, high: int) -> list[int]:
    return [amount for amount in column[low:high] if amount != ABSENT]


def _since(times: "array[int]", totals: "array[int]", low: int, high: int, time: int) -> float:
    latest = bisect_left(totals, totals[high], low, high) if totals[high] > totals[low] else 0
    return (time - times[latest - 1]) / _SECOND if latest else nan


def _differs(identifiers: "array[int]", low: int, high: int, own: int) -> float:
    if own != ABSENT:
        for index in range(high - 1, low - 1, -1):
            if identifiers[index] != ABSENT:
                return float(identifiers[index] != own)
    return 0.0


FUNCTIONS: Final[dict[str, Any]] = {
    "nan": nan,
    "std": _deviation,
    "least": _extreme(min, lambda extremes: extremes.least),
    "greatest": _extreme(max, lambda extremes: extremes.greatest),
    "distinct": _different,
    "same": _equal,
    "gap": _since,
    "changed": _differs,
}
"""What expressions may call besides Python's own."""
