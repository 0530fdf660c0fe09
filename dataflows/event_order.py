"""Partitions of several topics as one stream in the order of event time, while they still grow."""

import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final, Generic, NamedTuple, TypeVar

from dataflows.connectors.base import InputPartition, InputRecord

T = TypeVar("T")

_AT_ONCE: Final = 1_000


class Feed(NamedTuple, Generic[T]):
    """A partition by its name, and what its records are; None: nothing that matters."""

    name: str
    partition: InputPartition
    decode: Callable[[InputRecord], T | None]


class EventOrder(Generic[T]):
    """Each partition in its order, and of all that have a next record the earliest first, by `time_of`.

    So what is given, and in which order, is a fact of the log alone; but a partition that has been at its end for
    `idle` seconds isn't waited for until it speaks again.
    """

    def __init__(
        self,
        feeds: Sequence[Feed[T]],
        time_of: Callable[[T], int],
        idle: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`clock` in seconds, never going back."""
        self._streams = [_Stream(feed, time_of) for feed in feeds]
        self._idle = idle
        self._clock = clock

    def read(self) -> list[T]:
        """The next of what is there, in order; empty while a partition is waited for, or where there is nothing."""
        given: list[T] = []
        while len(given) < _AT_ONCE:
            now = self._clock()
            if any(not stream.fill(now) and stream.is_awaited(now, self._idle) for stream in self._streams):
                break
            ready = [stream for stream in self._streams if stream.buffer]
            if not ready:
                break
            given.append(min(ready, key=_head).take())
        return given

    @property
    def caught_up(self) -> bool:
        """Every partition has been read to its end once, and all of that was given."""
        return all(stream.ended_at is not None and not stream.buffer for stream in self._streams)

    @property
    def exhausted(self) -> bool:
        """Nothing will ever come again."""
        return all(stream.exhausted for stream in self._streams)

    @property
    def positions(self) -> dict[str, int]:
        """From where each partition is to be read on, by its name."""
        return {stream.name: stream.position for stream in self._streams}


class _Stream(Generic[T]):
    def __init__(self, feed: Feed[T], time_of: Callable[[T], int]) -> None:
        self.name, self._partition, self._decode = feed
        self._time_of = time_of
        self.buffer: deque[tuple[int, int, T]] = deque()
        """Time, offset and what is there."""
        self.ended_at: float | None = None
        """When the partition was found at its end for the first time since something came."""

    def fill(self, now: float) -> bool:
        """Whether a next record is known."""
        while not self.buffer and (records := self._partition.read(_AT_ONCE)):
            self.ended_at = None
            decoded = ((record.offset, self._decode(record)) for record in records)
            self.buffer.extend((self._time_of(one), offset, one) for offset, one in decoded if one is not None)
        if not self.buffer and self.ended_at is None and (self._partition.at_end or self._partition.exhausted):
            self.ended_at = now
        return bool(self.buffer)

    def is_awaited(self, now: float, idle: float) -> bool:
        if self._partition.exhausted:
            return False
        return self.ended_at is None or now - self.ended_at < idle

    def take(self) -> T:
        return self.buffer.popleft()[2]

    @property
    def position(self) -> int:
        return self.buffer[0][1] if self.buffer else self._partition.position

    @property
    def exhausted(self) -> bool:
        return self._partition.exhausted and not self.buffer


def _head(stream: _Stream[T]) -> int:
    return stream.buffer[0][0]
