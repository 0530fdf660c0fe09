"""Readers: the value of a feature over one window, as a Python expression that a plan's program holds.

An expression may use `low` and `high`, the bounds of the window's events; `c0`, `c1` and so on, the ring's columns;
`ring`, `times`, `time` (of the scored event), `values` (the event's own) and the names of `FUNCTIONS`.
"""

from array import array
from bisect import bisect_left
from collections.abc import Callable
from math import nan, sqrt
from typing import Any, Final, Protocol

from contracts.events import AMOUNT_SCALE
from operators.features.definition import Where
from operators.features.measure import Measure, WindowedFeature
from operators.ring import ABSENT


class Columns(Protocol):
    """Where a reader finds its columns: the plan that it is made for."""

    settle: int

    def column(self, measure: Measure) -> int:
        """The number of the column that holds `measure`."""


_SECOND: Final = 1_000


def reader(feature: WindowedFeature, plan: Columns) -> str:
    """The expression of one feature; its columns are asked of the plan.

    Over an empty window, counts, sums, shares and rates are 0; mean, std, min, max and gap are unknown (NaN).
    """
    return _READERS[feature.aggregate](feature, plan)


def _total(plan: Columns, field: str, where: Where, label: str = "") -> str:
    column = plan.column(Measure(field, where, True, label))
    return f"c{column}[high] - c{column}[low]"


def _values(plan: Columns, field: str | None, where: Where) -> str:
    return f"c{plan.column(Measure(field or '', where, False))}[low:high]"


def _count(feature: WindowedFeature, plan: Columns) -> str:
    return "float(high - low)" if feature.where == Where() else f"float({_total(plan, '1', feature.where)})"


def _sum(feature: WindowedFeature, plan: Columns) -> str:
    return f"({_total(plan, 'amount', feature.where)}) / {AMOUNT_SCALE}"


def _mean(feature: WindowedFeature, plan: Columns) -> str:
    total, count = (_total(plan, field, feature.where) for field in ("amount", "has_amount"))
    return f"({total}) / (count * {AMOUNT_SCALE}) if (count := {count}) else nan"


def _of_amounts(summary: str) -> Callable[[WindowedFeature, Columns], str]:
    return lambda feature, plan: f"of_amounts({summary}, {_values(plan, 'amount', feature.where)})"


def _distinct(feature: WindowedFeature, plan: Columns) -> str:
    return f"distinct({_values(plan, feature.field, feature.where)})"


def _same(feature: WindowedFeature, plan: Columns) -> str:
    """How many events of the window share the scored event's value, itself included where it lies in the window."""
    column = plan.column(Measure(feature.field or "", feature.where, False))
    return f"same(c{column}[low:high], values[{column}])"


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
    column = plan.column(Measure(feature.field or "", feature.where, False))
    return f"changed(c{column}, low, high, values[{column}])"


_READERS: Final = {
    "count": _count,
    "sum": _sum,
    "mean": _mean,
    "std": _of_amounts("std"),
    "min": _of_amounts("min"),
    "max": _of_amounts("max"),
    "distinct": _distinct,
    "same": _same,
    "share": _share,
    "rate": _rate,
    "age": _age,
    "gap": _gap,
    "changed": _changed,
}


def _summarised(summary: Callable[[list[int]], float], amounts: "array[int]") -> float:
    present = [amount for amount in amounts if amount != ABSENT]
    return summary(present) / AMOUNT_SCALE if present else nan


def _deviation(amounts: list[int]) -> float:
    """The population's standard deviation, from exact integer sums."""
    count, total = len(amounts), sum(amounts)
    return sqrt(count * sum(amount * amount for amount in amounts) - total * total) / count


def _different(identifiers: "array[int]") -> float:
    found = set(identifiers)
    found.discard(ABSENT)
    return float(len(found))


def _equal(identifiers: "array[int]", own: int) -> float:
    return 0.0 if own == ABSENT else float(identifiers.count(own))


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
    "of_amounts": _summarised,
    "distinct": _different,
    "same": _equal,
    "gap": _since,
    "changed": _differs,
}
"""What expressions may call besides Python's own."""
