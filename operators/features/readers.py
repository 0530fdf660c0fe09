"""Readers: the value of a feature over one window, as Python expressions that a plan's program holds.

An expression may use `low` and `high`, the bounds of the window's events; `c0`, `c1` and so on, the ring's columns;
`ring`, `times`, `time` (of the scored event), `values` (the event's own) and the names of `FUNCTIONS`.
"""

from array import array
from bisect import bisect_left
from collections import deque
from collections.abc import Callable
from itertools import islice
from math import nan, sqrt
from typing import Any, Final, NamedTuple, Protocol

from contracts.events import AMOUNT_SCALE
from operators.features.definition import Where
from operators.features.measure import Measure, WindowedFeature
from operators.features.sliding import LONG, Counts, Extremes, Moments, sketched, slid, slid_amounts
from operators.features.summaries import Summarise, summarise_amounts, summarise_identities
from operators.ring import ABSENT, Ring


class Columns(Protocol):
    """Where a reader finds its columns: the plan that it is made for."""

    settle: int

    def column(self, measure: Measure, summarise: Summarise | None = None) -> int:
        """The number of the column that holds `measure`; `summarise` says what is kept of a raw one's merged values."""


class Reader(NamedTuple):
    """How a feature is read."""

    exact: str
    """Where all of the window's events are among the latest."""
    capped: str
    """Where they are not: from what panes tell, or from the latest, of which `oldest` is the index of the first."""
    told: str = "True"
    """Whether the value then rests on less than single events."""


_SECOND: Final = 1_000


def reader(feature: WindowedFeature, plan: Columns, number: int) -> Reader:
    """The expressions of one feature, the plan's so-manyth; its columns are asked of the plan.

    Over an empty window, counts, sums, shares and rates are 0; mean, std, min, max and gap are unknown (NaN).
    """
    found = _READERS[feature.aggregate](feature, plan)
    read = Reader(found, found) if isinstance(found, str) else found
    return Reader(*(expression.replace("$", str(number)) for expression in read))


def _total(plan: Columns, field: str, where: Where, label: str = "") -> str:
    column = plan.column(Measure(field, where, True, label))
    return f"c{column}[high] - c{column}[low]"


def _raw(feature: WindowedFeature, plan: Columns, summarise: Summarise | None = None) -> int:
    """The number of the column of single values."""
    return plan.column(Measure(feature.field or "", feature.where, False), summarise)


def _count(feature: WindowedFeature, plan: Columns) -> Reader:
    capped = f"float({_total(plan, '1', feature.where)})"
    return Reader("float(high - low)" if feature.where == Where() else capped, capped)


def _sum(feature: WindowedFeature, plan: Columns) -> str:
    return f"({_total(plan, 'amount', feature.where)}) / {AMOUNT_SCALE}"


def _mean(feature: WindowedFeature, plan: Columns) -> str:
    total, count = (_total(plan, field, feature.where) for field in ("amount", "has_amount"))
    return f"({total}) / (count * {AMOUNT_SCALE}) if (count := {count}) else nan"


def _of_amounts(summary: str) -> Callable[[WindowedFeature, Columns], str]:
    return lambda feature, plan: f"{summary}(ring, $, {_raw(feature, plan, summarise_amounts)}, low, high)"


def _distinct(feature: WindowedFeature, plan: Columns) -> Reader:
    column = _raw(feature, plan, summarise_identities)
    return Reader(f"distinct(ring, $, {column}, low, high)", f"sketched(ring, $, {column}, low, high).estimate()")


def _same(feature: WindowedFeature, plan: Columns) -> Reader:
    """How many events of the window share the scored event's value, itself included where it lies in the window."""
    column = _raw(feature, plan)
    wanted = f"values[{column}]"
    return Reader(
        f"same(ring, $, {column}, low, high, {wanted})",
        f"same(ring, $, {column}, min(oldest, high), high, {wanted})",
    )


def _share(feature: WindowedFeature, plan: Columns) -> Reader:
    part, whole = (_total(plan, "1", where) for where in (feature.where, Where()))
    return Reader(
        f"({part}) / (high - low) if high > low else 0.0",
        f"({part}) / whole if (whole := {whole}) else 0.0",
    )


def _rate(feature: WindowedFeature, plan: Columns) -> str:
    """Events with the label, as known `settle` before the event, over all that match."""
    count = _total(plan, "1", feature.where)
    return f"({_total(plan, 'labelled', feature.where, feature.label or '')}) / count if (count := {count}) else 0.0"


def _age(feature: WindowedFeature, plan: Columns) -> Reader:
    """Seconds since the entity's first event; 0 where it isn't settled yet."""
    value = f"(time - ring.first_seen) / {_SECOND} if ring.first_seen <= time - {plan.settle} else 0.0"
    return Reader(value, value, "")


def _gap(feature: WindowedFeature, plan: Columns) -> Reader:
    """Seconds since the latest earlier event that matches."""
    start = f"time - {feature.window(plan.settle).reach}"  # whatever panes there are
    if feature.where == Where():
        value = f"(time - times[high - 1]) / {_SECOND} if high > low and times[high - 1] > {start} else nan"
    else:
        moments = plan.column(Measure("event_time", feature.where, False))
        totals = plan.column(Measure("1", feature.where, True))
        value = f"gap(c{moments}, c{totals}, low, high, time, {start})"
    return Reader(value, value, "")


def _changed(feature: WindowedFeature, plan: Columns) -> Reader:
    """Whether the scored event's value is another than that of the latest earlier event that has one."""
    column = _raw(feature, plan)
    value = f"changed(c{column}, low, high, values[{column}])"
    return Reader(value, value, f"values[{column}] != {ABSENT} and not present(c{column}, oldest, high)")


_READERS: Final[dict[str, Callable[[WindowedFeature, Columns], str | Reader]]] = {
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


Read = Callable[[Ring, int, int, int, int], float]
"""(ring, the feature's number, the column's, low, high) -> feature."""


def _extreme(choose: Callable[[list[int]], int], kept: Callable[[Extremes], "deque[tuple[int, int]]"]) -> Read:
    def read(ring: Ring, number: int, column: int, low: int, high: int) -> float:
        if high - low > LONG or low < ring.merged:
            best = [value for _, value in islice(kept(slid_amounts(ring, number, Extremes, column, low, high)), 1)]
        else:
            best = _present(ring.columns[column], low, high)
        return choose(best) / AMOUNT_SCALE if best else nan

    return read


def _deviation(ring: Ring, number: int, column: int, low: int, high: int) -> float:
    """The population's standard deviation, from exact integer sums."""
    if high - low > LONG or low < ring.merged:
        moments = slid_amounts(ring, number, Moments, column, low, high)
        count, total, squares = moments.count, moments.total, moments.squares
    else:
        present = _present(ring.columns[column], low, high)
        count, total, squares = len(present), sum(present), sum([amount * amount for amount in present])
    return sqrt(count * squares - total * total) / count / AMOUNT_SCALE if count else nan


def _different(ring: Ring, number: int, column: int, low: int, high: int) -> float:
    identifiers = ring.columns[column]
    if high - low > LONG:
        return float(len(slid(ring, number, Counts, identifiers, low, high).of))
    found = set(identifiers[low:high])
    found.discard(ABSENT)
    return float(len(found))


def _equal(ring: Ring, number: int, column: int, low: int, high: int, own: int) -> float:
    if own == ABSENT:
        return 0.0
    identifiers = ring.columns[column]
    if high - low > LONG:
        return float(slid(ring, number, Counts, identifiers, low, high).of.get(own, 0))
    return float(identifiers[low:high].count(own))


def _present(column: "array[int]", low: int, high: int) -> list[int]:
    return [amount for amount in column[low:high] if amount != ABSENT]


def _since(moments: "array[int]", totals: "array[int]", low: int, high: int, time: int, start: int) -> float:
    latest = bisect_left(totals, totals[high], low, high) if totals[high] > totals[low] else 0
    return (time - moment) / _SECOND if latest and (moment := moments[latest - 1]) > start else nan


def _differs(identifiers: "array[int]", low: int, high: int, own: int) -> float:
    if own != ABSENT:
        for index in range(high - 1, low - 1, -1):
            if identifiers[index] != ABSENT:
                return float(identifiers[index] != own)
    return 0.0


def _is_present(identifiers: "array[int]", low: int, high: int) -> bool:
    return any(identifiers[index] != ABSENT for index in range(high - 1, low - 1, -1))


FUNCTIONS: Final[dict[str, Any]] = {
    "nan": nan,
    "std": _deviation,
    "least": _extreme(min, lambda extremes: extremes.least),
    "greatest": _extreme(max, lambda extremes: extremes.greatest),
    "distinct": _different,
    "same": _equal,
    "gap": _since,
    "changed": _differs,
    "present": _is_present,
    "sketched": sketched,
}
"""What expressions may call besides Python's own."""
