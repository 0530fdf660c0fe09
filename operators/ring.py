"""An entity's retained events, oldest first, as columns of 64-bit integers.

Two kinds of column: a raw one holds a value for each event; a cumulative one holds running totals, one more than there
are events, so that a window's total is one subtraction. Integers keep every total exact.

Stored, a ring is a head and blocks of events, so that few new ones cost little to write. A block is full: it is written
once, and again only where something in it changed. The head has the events behind the last block.
"""

import struct
from array import array
from bisect import bisect_right
from collections.abc import Callable, Sequence
from itertools import chain
from typing import Any, Final

import numpy as np

ABSENT: Final = -(2**63)
"""A raw column's value where the event has none."""

NEVER: Final = 2**63 - 1
"""When the first event was, before there is one."""

MAX_EVENTS: Final = 10_000
"""A read looks at the latest so many of an entity's events at most (bounds memory and a snapshot's size)."""

BLOCK: Final = 128
"""Events of a stored block. A head has fewer: it is what each snapshot of a changed ring writes."""

_LONG: Final = 64
"""From so many totals on, numpy adds faster than a loop."""

_REBASE: Final = 2**61
_HEADER: Final = struct.Struct("<BHQIIqqq")
_RECENT: Final = struct.Struct("<qqqq")
_FORMAT: Final = 2


class Ring:
    """Events in event-time order; those with equal times in the order of arrival."""

    __slots__ = (
        "_oldest",
        "_stale",
        "_written",
        "columns",
        "cumulative",
        "dropped",
        "first_seen",
        "labelled_through",
        "read_through",
        "recent_labels",
        "slides",
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
        self.recent_labels: list[tuple[int, int, int, int]] = []
        """(label time, event time, event id, label) of those that they don't hold yet, in order of label time."""
        self.dropped = 0
        """How many events were let go of; event `index` lies in the block `(dropped + index) // BLOCK`."""
        self.slides: dict[int, Any] | None = None
        """Summaries of windows, which readers keep here until events move."""
        self._oldest = self._written = 0
        self._stale: frozenset[int] = frozenset()
        """Stored as they are: the blocks from `_oldest` up to `_written`, but for these."""

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
        self._written = min(self._written, (self.dropped + index) // BLOCK)
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
        column, block = self.columns[number], (self.dropped + index) // BLOCK
        if block < self._written:
            self._stale |= {block}  # those behind it have the same steps as before
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
            self.dropped += expired
            if expired * 4 >= count:
                self.slides = None  # of windows that were much longer
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

    def head(self) -> list[Any]:
        """The record of all but the blocks: compact, versioned, telling the kinds of columns; buffers to be joined."""
        count = len(self.times)
        end = self.dropped + count
        header = _HEADER.pack(
            _FORMAT,
            len(self.columns),
            self.dropped,
            count,
            len(self.recent_labels),
            self.first_seen,
            self.read_through,
            self.labelled_through,
        )
        recent = array("q", chain.from_iterable(self.recent_labels)) if self.recent_labels else b""
        events = [self.times, *self.columns] if end < BLOCK else self._events(end // BLOCK)
        return [header, self.cumulative, *events, recent]

    def changed_blocks(self) -> dict[int, bytes | None]:
        """The records of the blocks that changed since the last call, by number; None for one that is gone."""
        oldest, full = self.dropped // BLOCK, (self.dropped + len(self.times)) // BLOCK
        if full == self._written and oldest == self._oldest and not self._stale:
            return {}
        blocks: dict[int, bytes | None] = dict.fromkeys(range(self._oldest, oldest))
        for number in self._stale.union(range(self._written, full)):
            if number >= oldest:
                blocks[number] = b"".join(self._events(number))
        self._oldest, self._written, self._stale = oldest, full, frozenset()
        return blocks

    def take_changes(self) -> tuple[bytes, dict[int, bytes | None]]:
        """The head, and the blocks that changed since the last call."""
        return b"".join(self.head()), self.changed_blocks()

    @staticmethod
    def blocks(head: bytes) -> range:
        """The numbers of the blocks that belong to a head. Raises ValueError where its format differs."""
        _, dropped, count, *_ = _header(head)
        return range(dropped // BLOCK, (dropped + count) // BLOCK)

    @classmethod
    def decode(cls, head: bytes, block: Callable[[int], bytes]) -> "Ring":
        """The ring of a head, and of its blocks as `block` gives them. Raises ValueError where the format differs."""
        columns, dropped, count, recent, first_seen, read_through, labelled_through = _header(head)
        start = _HEADER.size + columns
        ring = cls(head[_HEADER.size : start])
        ring.first_seen, ring.read_through, ring.labelled_through = first_seen, read_through, labelled_through
        ring._oldest, ring._written = dropped // BLOCK, (dropped + count) // BLOCK
        for number in range(ring._oldest, ring._written):
            ring._extend(block(number), (number + 1) * BLOCK - dropped - len(ring))
        end = len(head) - recent * _RECENT.size
        ring._extend(head[start:end], count - len(ring))
        ring.recent_labels = [_RECENT.unpack_from(head, end + number * _RECENT.size) for number in range(recent)]
        ring.dropped = dropped
        return ring

    def _events(self, number: int) -> list["array[int]"]:
        """What a record holds of the events of a block: times and columns, totals from before the first event on."""
        high = (number + 1) * BLOCK - self.dropped
        low = max(0, high - BLOCK)
        kinds = zip(self.columns, self.cumulative, strict=True)
        return [self.times[low:high], *[column[low : high + summed] for column, summed in kinds]]

    def _extend(self, record: bytes, count: int) -> None:
        """Take in the last `count` of the events in a record; totals go on from those that are here."""
        words = array("q", record)
        high = held = (len(words) - sum(self.cumulative)) // (1 + len(self.columns))
        fresh = not self.times
        self.times += words[high - count : high]
        for column, summed in zip(self.columns, self.cumulative, strict=True):
            low, high = high + held - count, high + held + summed
            values = words[low:high]
            if summed:
                total = column.pop()
                if total != values[0] and not fresh:
                    np.frombuffer(values, np.int64)[:] += total - values[0]
            column += values


def _header(head: bytes) -> tuple[int, ...]:
    """What a head begins with, but for its format. Raises ValueError where that differs."""
    version, *header = _HEADER.unpack_from(head)
    if version != _FORMAT:
        raise ValueError("state of another format")
    return tuple(header)
