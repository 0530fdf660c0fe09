"""An entity's retained events, oldest first, as columns of 64-bit integers.

Two kinds of column: a raw one holds a value for each event; a cumulative one holds running totals, one more than there
are events, so that a window's total is one subtraction. Integers keep every total exact.

The oldest may be merged: an entry stands for several events, with the time of the last of them and the totals after it.
A raw column then holds the latest value that is there, and a summary of all of them where its readers need one.

Stored, a ring is a head and blocks of events, so that few new ones cost little to write. A block is full: it is written
once, and again only where something in it changed. The head has the events behind the last block. What is merged is a
record of its own.
"""

import struct
from array import array
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from typing import Any, Final

import msgspec
import numpy as np

ABSENT: Final = -(2**63)
"""A raw column's value where the event has none."""

NEVER: Final = 2**63 - 1
"""When the first event was, before there is one."""

BLOCK: Final = 128
"""Events of a stored block. A head has fewer: it is what each snapshot of a changed ring writes."""

MERGED: Final = -1
"""The number of the record that holds what is merged."""

_LONG: Final = 64
"""From so many totals on, numpy adds faster than a loop."""

_REBASE: Final = 2**61
_HEADER: Final = struct.Struct("<BHqIIIqqq")
_RECENT: Final = struct.Struct("<qqqq")
_FORMAT: Final = 3
_summaries = msgspec.msgpack.Decoder(dict[int, list[bytes]]).decode


class Ring:
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
        self.recent_labels: list[tuple[int, int, int, int]] = []
        """(label time, event time, event id, label) of those that they don't hold yet, in order of label time."""
        self.dropped = 0
        """How many events there are no more, each merged one but the last of an entry among them; event `index` lies in
        the block `(dropped + index) // BLOCK`."""
        self.merged = 0
        """So many entries, the oldest, stand for several events each."""
        self.summaries: dict[int, list[bytes]] = {}
        """Of a raw column, by its number: the summary of each merged entry's values; empty where the column has the
        only one itself."""
        self.slides: dict[int, Any] | None = None
        """Summaries of windows, which readers keep here until events move."""
        self._oldest = self._written = 0
        self._stale: frozenset[int] = frozenset()
        """Stored as they are: the blocks from `_oldest` up to `_written`, but for these."""
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
        if index < self.merged:
            self._merged_stale = True
        elif block < self._written:
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
        del self.times[:count]
        self.dropped += count
        if self.merged:
            self.merged = max(0, self.merged - count)
            self.summaries = {number: kept[count:] for number, kept in self.summaries.items()} if self.merged else {}
            self._merged_stale = True
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
            self.merged,
            len(self.recent_labels),
            self.first_seen,
            self.read_through,
            self.labelled_through,
        )
        recent = array("q", chain.from_iterable(self.recent_labels)) if self.recent_labels else b""
        events = [self.times, *self.columns] if end < BLOCK and not self.merged else self._events(end // BLOCK)
        return [header, self.cumulative, *events, recent]

    def changed_blocks(self) -> dict[int, bytes | None]:
        """The records of the blocks that changed since the last call, by number; None for one that is gone."""
        oldest, full = (self.dropped + self.merged) // BLOCK, (self.dropped + len(self.times)) // BLOCK
        if full == self._written and oldest == self._oldest and not self._stale and not self._merged_stale:
            return {}
        blocks: dict[int, bytes | None] = dict.fromkeys(range(self._oldest, oldest))
        if self._merged_stale:
            record = b"".join((*self._span(0, self.merged), msgspec.msgpack.encode(self.summaries)))
            blocks[MERGED] = record if self.merged else None
        for number in self._stale.union(range(self._written, full)):
            if number >= oldest:
                blocks[number] = b"".join(self._events(number))
        self._oldest, self._written, self._stale, self._merged_stale = oldest, full, frozenset(), False
        return blocks

    def take_changes(self) -> tuple[bytes, dict[int, bytes | None]]:
        """The head, and the blocks that changed since the last call."""
        return b"".join(self.head()), self.changed_blocks()

    @staticmethod
    def blocks(head: bytes) -> list[int]:
        """The numbers of the blocks that belong to a head. Raises ValueError where its format differs."""
        _, dropped, count, merged, *_ = _header(head)
        return [*([MERGED] if merged else []), *range((dropped + merged) // BLOCK, (dropped + count) // BLOCK)]

    @classmethod
    def decode(cls, head: bytes, block: Callable[[int], bytes]) -> "Ring":
        """The ring of a head, and of its blocks as `block` gives them. Raises ValueError where the format differs."""
        columns, dropped, count, merged, recent, first_seen, read_through, labelled_through = _header(head)
        start = _HEADER.size + columns
        ring = cls(head[_HEADER.size : start])
        ring.first_seen, ring.read_through, ring.labelled_through = first_seen, read_through, labelled_through
        if merged:
            ring._extend_merged(block(MERGED), merged)
        ring._oldest, ring._written = (dropped + merged) // BLOCK, (dropped + count) // BLOCK
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
        return self._span(max(self.merged, high - BLOCK), high)

    def _span(self, low: int, high: int) -> list["array[int]"]:
        kinds = zip(self.columns, self.cumulative, strict=True)
        return [self.times[low:high], *[column[low : high + summed] for column, summed in kinds]]

    def _insert_merged(self, index: int) -> None:
        """Make place for one more entry among those that are merged."""
        self.merged += 1
        self.dropped -= 1
        for summaries in self.summaries.values():
            summaries.insert(index, b"")
        self._merged_stale = True

    def _extend_merged(self, record: bytes, count: int) -> None:
        end = self.times.itemsize * (count * (1 + len(self.columns)) + sum(self.cumulative))
        self._extend(record[:end], count)
        self.merged, self.summaries = count, _summaries(record[end:])

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
