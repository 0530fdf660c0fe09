"""Summaries of long windows that move with them: amortised constant work for what running totals can't tell.

A read of a long window takes up the events that have come into it since the last read and lets go of those that have
left. The result is that of a scan. What is kept lives with the ring in memory, never in its state: a ring that was read
from disk, or changed anywhere but at its end, is scanned once and goes on from there.
"""

from array import array
from collections import deque
from typing import Final, Generic, Protocol, TypeVar

from operators.ring import ABSENT, Ring

LONG: Final = 64
"""Up to so many events, a scan is as quick."""


class Summary(Protocol):
    """What a window's values come to. An index is the number of an event among all that its entity ever had."""

    def enter(self, index: int, value: int) -> None:
        """Take up the value of the next event."""

    def leave(self, index: int, value: int) -> None:
        """Let go of the oldest event's."""


S = TypeVar("S", bound=Summary)


class Counts:
    """How often each value occurs."""

    __slots__ = ("of",)

    def __init__(self) -> None:
        self.of: dict[int, int] = {}

    def enter(self, index: int, value: int) -> None:
        self.of[value] = self.of.get(value, 0) + 1

    def leave(self, index: int, value: int) -> None:
        left = self.of[value] - 1
        if left:
            self.of[value] = left
        else:
            del self.of[value]


class Extremes:
    """The least and the greatest value: of those that no later one outdoes, the oldest (Lemire, "Streaming
    maximum-minimum filter", arXiv:cs/0610046)."""

    __slots__ = ("greatest", "least")

    def __init__(self) -> None:
        self.least: deque[tuple[int, int]] = deque()
        self.greatest: deque[tuple[int, int]] = deque()

    def enter(self, index: int, value: int) -> None:
        while self.least and self.least[-1][1] >= value:
            self.least.pop()
        self.least.append((index, value))
        while self.greatest and self.greatest[-1][1] <= value:
            self.greatest.pop()
        self.greatest.append((index, value))

    def leave(self, index: int, value: int) -> None:
        for values in (self.least, self.greatest):
            if values[0][0] == index:
                values.popleft()


class Moments:
    """Count, total and total of squares, exact."""

    __slots__ = ("count", "squares", "total")

    def __init__(self) -> None:
        self.count = self.total = self.squares = 0

    def enter(self, index: int, value: int) -> None:
        self.count += 1
        self.total += value
        self.squares += value * value

    def leave(self, index: int, value: int) -> None:
        self.count -= 1
        self.total -= value
        self.squares -= value * value


class _Slide(Generic[S]):
    __slots__ = ("high", "low", "summary")

    def __init__(self, summary: S, low: int) -> None:
        self.summary = summary
        self.low = self.high = low


def slid(ring: Ring, place: int, kind: type[S], column: "array[int]", low: int, high: int) -> S:
    """The summary of `column[low:high]` without absent values, for the feature at `place`."""
    dropped = ring.dropped
    if ring.slides is None:
        ring.slides = {}
    slide = ring.slides.get(place)
    if slide is None or not dropped <= slide.low <= low + dropped <= slide.high <= high + dropped:
        slide = ring.slides[place] = _Slide(kind(), low + dropped)
    summary: S = slide.summary
    for index in range(slide.high - dropped, high):
        if (value := column[index]) != ABSENT:
            summary.enter(index + dropped, value)
    for index in range(slide.low - dropped, low):
        if (value := column[index]) != ABSENT:
            summary.leave(index + dropped, value)
    slide.low, slide.high = low + dropped, high + dropped
    return summary
