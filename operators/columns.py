"""An entity's retained events in memory, oldest first, as columns of 64-bit integers.

Two kinds of column: a raw one holds a value for each event; a cumulative one holds running totals, one more than there
are events, so that a window's total is one subtraction. Integers keep every total exact.

The oldest may be merged: an entry stands for several events, with the time of the last of them and the totals after it.
A raw column then holds the latest value that is there, and a summary of all of them where its readers need one.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

ABSENT: Final = -(2**63)
"""A raw column's value where the event has none."""

NEVER: Final = 2**63 - 1
"""When the first event was, before there is one."""

_LONG: Final = 64
"""From so many totals on, numpy adds faster than a loop."""

_REBASE: Final = 2**61


class Columns:
    """Events in event-time order; those with equal times in the order of arrival."""

    __slots__ = (
        "_merged_stale",
        "_oldest",
        "_stale",
        "_written",
        "columns",
        "cumulative",
        "dropped",
        "first_seen",
        "gone_through",
        "labelled_through",
        "merged",
        "read_through",
        "recent_labels",
        "slides",
        "summaries",
        "times",
    )

    def __init__(self, cumulative: Sequence[int]) -> None:
        self.cumulative = bytes(cumulative)
        self.times = array("q")
        self.columns = [array("q", (0,)) if summed else array("q") for summed in cumulative]
        self.first_seen = NEVER
        self.read_through = ABSENT
        """The latest event time up to which somebody has read the windows."""
        self.labelled_through = ABSENT
        """The latest time of a label that the columns hold."""
        self.recent_labels: list[tuple[int, int, int, int, int]] = []
        """(label time, event time, label, the one before, what the event matches) of those that they don't hold yet, in
        order of label time."""
        self.dropped = 0
        """How many events there are no more, each merged one but the last of an entry among them: the event `index` has
        the number `dropped + index`, which stays its own."""
        self.merged = 0
        """So many entries, the oldest, stand for several events each."""
        self.gone_through = ABSENT
        """Where entries are merged: the time up to which there is no event any more."""
        self.summaries: dict[int, list[bytes]] = {}
        """Of a raw column, by its number: the summary of each merged entry's values; empty where the column has the
        only one itself."""
        self.slides: dict[int, Any] | None = None
        """Summaries of windows, which readers keep here until events move."""
        self._oldest = self._written = 0
        self._stale: frozenset[int] = frozenset()
        """Stored as they are: the events by number from `_oldest` up to `_written`, but for these."""
        self._merged_stale = False
        """What is merged is not stored as it is."""

    def __len__(self) -> int:
        return len(self.times)

    def insert(self, time: int, values: Sequence[int]) -> int:
        """Place an event by its time and return its index; amortised constant where it is the newest."""
        times = self.times
        if time < self.first_seen:
            self.first_seen = time
        if not times or time >= times[-1]:
            times.append(time)
            for column, summed, value in zip(self.columns, self.cumulative, values):  # noqa: B905 (strict costs)
                column.append(column[-1] + value if summed else value)
            return len(times) - 1
        index = bisect_right(times, time)
        if index < self.merged:
            self._insert_merged(index)
        else:
            self._written = min(self._written, self.dropped + index)
        self.slides = None
        times.insert(index, time)
        for number, value in enumerate(values):
            if self.cumulative[number]:
                self.columns[number].insert(index, self.columns[number][index])
                self.add(number, index, value)
            else:
                self.columns[number].insert(index, value)
        return index

    def add(self, number: int, index: int, value: int) -> None:
        """Raise what the event at `index` adds to the cumulative column `number`."""
        if not value:
            return
        column = self.columns[number]
        self._touch(index)  # those behind it have the same steps as before
        if len(column) - index > _LONG:
            np.frombuffer(column, np.int64)[index + 1 :] += value  # in place, through the column's own memory
            return
        for after in range(index + 1, len(column)):
            column[after] += value

    def put(self, number: int, index: int, value: int) -> None:
        """Change what the raw column `number` holds of the event at `index`."""
        self.columns[number][index] = value
        self._touch(index)

    def find(self, time: int) -> int | None:
        """The index of the entry that holds the events at `time`, the first if several do; None if there is none."""
        index = bisect_left(self.times, time)
        if index < self.merged:
            return index if time > self.gone_through else None
        return index if index < len(self.times) and self.times[index] == time else None

    def trim(self, before: int) -> None:
        """Let go of events up to `before`, many at a time."""
        expired = bisect_right(self.times, before)
        if expired * 4 >= len(self.times):
            self.slides = None  # of windows that were much longer
        elif expired < 64:
            return
        self.drop(expired)

    def drop(self, count: int) -> None:
        """Let go of the oldest entries."""
        if self.merged:
            self.gone_through = max(self.gone_through, self.times[count - 1]) if count < self.merged else ABSENT
            self.merged = max(0, self.merged - count)
            self.summaries = {number: kept[count:] for number, kept in self.summaries.items()} if self.merged else {}
            self._merged_stale = True
        del self.times[:count]
        self.dropped += count
        for column, summed in zip(self.columns, self.cumulative, strict=True):
            del column[:count]
            if summed and abs(column[0]) > _REBASE:
                base = column[0]
                column[:] = array("q", (total - base for total in column))

    def merge(
        self, count: int, times: "array[int]", columns: Sequence["array[int]"], summaries: Mapping[int, list[bytes]]
    ) -> None:
        """Let the oldest `count` entries be these fewer; totals begin with that before the first event."""
        self.times[:count] = times
        for column, summed, values in zip(self.columns, self.cumulative, columns, strict=True):
            column[: count + summed] = values
        self.merged = len(times)
        self.summaries = dict(summaries)
        self.dropped += count - len(times)
        self.slides = None
        self._merged_stale = True

    def _touch(self, index: int) -> None:
        number = self.dropped + index
        if index < self.merged:
            self._merged_stale = True
        elif number < self._written:
            self._stale |= {number}

    def _insert_merged(self, index: int) -> None:
        """Make place for one more entry among those that are merged."""
        self.merged += 1
        self.dropped -= 1
        for summaries in self.summaries.values():
            summaries.insert(index, b"")
        self._merged_stale = True
