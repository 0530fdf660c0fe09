"""Panes: what is kept of the events beyond an entity's latest ones.

Windows that begin or end there do so at the edge of a pane, and what lies between two edges is merged into one entry of
the ring. The farther an edge is from the event, the longer its panes are, so that their number is bounded however many
events there are. Panes are powers of two long and begin at multiples of it, so a value is the same whether its events
have been merged yet or not.
"""

from array import array
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from operators.features.summaries import Summarise
from operators.features.window import pane_bits
from operators.ring import ABSENT, Ring

_Integers: TypeAlias = npt.NDArray[np.int64]

_GREATEST_SPAN: Final = 2**62
"""Of running totals; what is older than would fit is let go of."""


class Panes:
    """Of a kind of entity: `offsets` (ms) say how far before an event its windows begin and end, `most` how many of the
    latest events are kept one by one, and `summarised` which raw columns need more than the latest value of a pane."""

    def __init__(self, offsets: Iterable[int], most: int, summarised: Mapping[int, Summarise]) -> None:
        bits = {offset: pane_bits(offset) for offset in sorted(set(offsets))}
        self._passed = np.array([offset + (1 << bits[offset]) for offset in bits], np.int64)
        """So long after an event (ms) no edge comes to lie before it any more."""
        self._bits = np.array([*bits.values(), max(bits.values(), default=0)], np.int64)
        self._most = most
        self._batch = most + most // 4
        self._summarised = summarised

    def merge(self, ring: Ring, through: int, now: int, gone: int) -> None:
        """Merge what lies before the latest events up to `through`, many at a time.

        No read to come is before `now`, nor looks at events up to `gone`.
        """
        times = ring.times
        if len(times) - ring.merged <= self._batch:
            return
        count = bisect_right(times, through) - self._most
        if (count - ring.merged) * 4 <= self._most:
            return
        old = np.array(times[:count])
        kept = self._kept(old, now)
        starts = np.concatenate(([0], kept[:-1] + 1))
        columns: list[array[int]] = []
        summaries: dict[int, list[bytes]] = {}
        for number, (column, summed) in enumerate(zip(ring.columns, ring.cumulative, strict=True)):
            values = np.array(column[: count + summed])
            if summed:
                columns.append(_packed(values[np.concatenate(([0], kept + 1))]))
                continue
            columns.append(_packed(_latest(values, starts)))
            if summarise := self._summarised.get(number):
                summaries[number] = _summarised(summarise, ring, number, starts, count)
        ring.merge(count, _packed(old[kept]), columns, summaries)
        ring.gone_through = max(ring.gone_through, gone)
        _bound(ring)

    def _kept(self, times: _Integers, now: int) -> _Integers:
        """The last of each pane, and the last of all."""
        bits = self._bits[np.searchsorted(self._passed, now - times[1:], "right")]
        apart = (times[:-1] - 1) >> bits != (times[1:] - 1) >> bits  # a pane holds its end, not its beginning
        return np.append(np.flatnonzero(apart), len(times) - 1)


def _packed(values: _Integers) -> "array[int]":
    return array("q", values.tobytes())


def _latest(values: _Integers, starts: _Integers) -> _Integers:
    """The latest value of each group that is there."""
    places = np.where(values == ABSENT, -1, np.arange(len(values)))
    latest = np.maximum.reduceat(places, starts)
    return np.where(latest >= starts, values[latest], ABSENT)


def _summarised(summarise: Summarise, ring: Ring, number: int, starts: _Integers, count: int) -> list[bytes]:
    """The summary of each group of the oldest `count` entries; empty where there is but one value, or none."""
    column, held = ring.columns[number], ring.summaries.get(number, [])
    summaries = []
    for low, high in zip(starts.tolist(), [*starts[1:].tolist(), count], strict=True):
        before = [summary for summary in held[low:high] if summary]
        values = [
            value
            for index, value in enumerate(column[low:high], low)
            if value != ABSENT and not (index < len(held) and held[index])
        ]
        alone = len(before) + len(values) <= 1
        summaries.append((before[0] if before else b"") if alone else summarise(before, values))
    return summaries


def _bound(ring: Ring) -> None:
    """Let go of the oldest entries where totals would grow beyond what their integers hold."""
    for column, summed in zip(ring.columns, ring.cumulative, strict=True):
        while summed and ring.merged and column[-1] - column[0] > _GREATEST_SPAN:
            ring.drop((ring.merged + 3) // 4)
