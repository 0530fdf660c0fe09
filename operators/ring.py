"""An entity's retained events, oldest first, as columns of 64-bit integers.

Two kinds of column: a raw one holds a value for each event; a cumulative one holds running totals, one more than there
are events, so that a window's total is one subtraction. Integers keep every total exact.
"""

import struct
from array import array
from bisect import bisect_right
from collections.abc import Sequence
from itertools import chain
from typing import Any, Final

import numpy as np

ABSENT: Final = -(2**63)
"""A raw column's value where the event has none."""

NEVER: Final = 2**63 - 1
"""When the first event was, before there is one."""

MAX_EVENTS: Final = 10_000
"""A read looks at the latest so many of an entity's events at most (bounds memory and a snapshot's size)."""

_LONG: Final = 64
"""From so many totals on, numpy adds faster than a loop."""

_REBASE: Final = 2**61
_HEADER: Final = struct.Struct("<BHIIqqq")
_RECENT: Final = struct.Struct("<qqqq")
_FORMAT: Final = 1


class Ring:
    """Events in event-time order; those with equal times in the order of arrival."""

    __slots__ = ("columns", "cumulative", "first_seen", "labelled_through", "read_through", "recent_labels", "times")

    def __init__(self, cumulative: Sequence[bool]) -> None:
        self.cumulative = cumulative
        self.times = array("q")
        self.columns = [array("q", (0,)) if summed else array("q") for summed in cumulative]
        self.first_seen = NEVER
        self.read_through = ABSENT
        """The latest event time up to which somebody has read the windows."""
        self.labelled_through = ABSENT
        """The latest time of a label that the columns hold."""
        self.recent_labels: list[tuple[int, int, int, int]] = []
        """(label time, event time, event id, label) of those that they don't hold yet, in order of label time."""

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
        column = self.columns[number]
        if not value:
            return
        if len(column) - index > _LONG:
            np.frombuffer(column, np.int64)[index + 1 :] += value  # in place, through the column's own memory
            return
        for after in range(index + 1, len(column)):
            column[after] += value

    def bounds(self, time: int, delay: int, size: int) -> tuple[int, int]:
        """Indices [low, high) of the events in `(time - delay - size, time - delay]`; all times in ms."""
        end = time - delay
        times = self.times
        high = len(times) if not times or times[-1] <= end else bisect_right(times, end)
        return bisect_right(times, end - size, 0, high), high

    def trim(self, before: int, through: int) -> None:
        """Let go of events up to `before`, and of the oldest that no read of events up to `through` or later looks at;
        many at a time."""
        times = self.times
        count = len(times)
        if not times or (times[0] > before and count <= MAX_EVENTS):
            return
        expired = max(bisect_right(times, before), bisect_right(times, through) - MAX_EVENTS)
        if expired * 4 >= count or expired >= 64:
            del times[:expired]
            for column, summed in zip(self.columns, self.cumulative, strict=True):
                del column[:expired]
                if summed and abs(column[0]) > _REBASE:
                    base = column[0]
                    column[:] = array("q", (total - base for total in column))

    def rest(self, before: int, ageless: bool) -> "Ring | None":
        """What is left where no event is after the time `before`: when the first was, or nothing if `ageless`.

        A ring with a later event is the very object.
        """
        if self.times and self.times[-1] > before:
            return self
        if ageless:
            return None
        if not self.times:
            return self
        rest = Ring(self.cumulative)
        rest.first_seen = self.first_seen
        return rest

    def parts(self) -> list[Any]:
        """What `encode` joins; buffers."""
        header = _HEADER.pack(
            _FORMAT,
            len(self.columns),
            len(self.times),
            len(self.recent_labels),
            self.first_seen,
            self.read_through,
            self.labelled_through,
        )
        recent = array("q", chain.from_iterable(self.recent_labels)) if self.recent_labels else b""
        return [header, bytes(self.cumulative), self.times, *self.columns, recent]

    def encode(self) -> bytes:
        """Compact, versioned bytes that tell the kinds of their columns."""
        return b"".join(self.parts())

    @classmethod
    def decode(cls, data: bytes) -> "Ring":
        """The ring that `encode` wrote. Raises ValueError where the format differs."""
        version, columns, count, recent, first_seen, read_through, labelled_through = _HEADER.unpack_from(data)
        if version != _FORMAT:
            raise ValueError("state of another format")
        start = _HEADER.size + columns
        ring = cls(tuple(map(bool, data[_HEADER.size : start])))
        ring.first_seen, ring.read_through, ring.labelled_through = first_seen, read_through, labelled_through
        end = start + 8 * count
        ring.times.frombytes(data[start:end])
        for number, summed in enumerate(ring.cumulative):
            start, end = end, end + 8 * (count + summed)
            column = array("q")
            column.frombytes(data[start:end])
            ring.columns[number] = column
        ring.recent_labels = [_RECENT.unpack_from(data, end + number * _RECENT.size) for number in range(recent)]
        return ring
