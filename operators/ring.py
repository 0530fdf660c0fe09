"""An entity's retained events and their records.

Stored, a ring is a head and blocks of events, so that few new ones cost little to write. A block is full: it is written
once, and again only where something in it changed. The head has the events behind the last block. What is merged is a
record of its own.
"""

import struct
from array import array
from collections.abc import Callable
from itertools import chain
from typing import Any, Final

import msgspec
import numpy as np

from operators.columns import ABSENT, NEVER, Columns

__all__ = ["ABSENT", "BLOCK", "MERGED", "NEVER", "Ring"]

BLOCK: Final = 128
"""Events of a stored block. A head has fewer: it is what each snapshot of a changed ring writes."""

MERGED: Final = -1
"""The number of the record that holds what is merged."""

_HEADER: Final = struct.Struct("<BHqIIIqqq")
_RECENT: Final = struct.Struct("<qqqqq")
_FORMAT: Final = 3
_merged_rest = msgspec.msgpack.Decoder(tuple[int, dict[int, list[bytes]]]).decode


class Ring(Columns):
    """Events in event-time order, and what of them is stored."""

    __slots__ = ()

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
        before, written = self._oldest // BLOCK, self._written // BLOCK
        if full == written and oldest == before and not self._stale and not self._merged_stale:
            return {}
        blocks: dict[int, bytes | None] = dict.fromkeys(range(before, oldest))
        if self._merged_stale:
            rest = msgspec.msgpack.encode((self.gone_through, self.summaries))
            blocks[MERGED] = b"".join((*self._span(0, self.merged), rest)) if self.merged else None
        for number in {event // BLOCK for event in self._stale}.union(range(written, full)):
            if number >= oldest:
                blocks[number] = b"".join(self._events(number))
        self._oldest, self._written = oldest * BLOCK, full * BLOCK
        self._stale, self._merged_stale = frozenset(), False
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
        oldest, full = (dropped + merged) // BLOCK, (dropped + count) // BLOCK
        ring._oldest, ring._written = oldest * BLOCK, full * BLOCK
        for number in range(oldest, full):
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

    def _extend_merged(self, record: bytes, count: int) -> None:
        end = self.times.itemsize * (count * (1 + len(self.columns)) + sum(self.cumulative))
        self._extend(record[:end], count)
        self.merged = count
        self.gone_through, self.summaries = _merged_rest(record[end:])

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
