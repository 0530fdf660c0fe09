"""Summaries of long windows that move with them: amortised constant work for what running totals can't tell.

A read of a long window takes up the events that have come into it since the last read and lets go of those that have
left. The result is that of a scan. What is kept lives with the ring in memory, never in its state: a ring that was read
from disk, or changed anywhere but at its end, is scanned once and goes on from there.
"""

from array import array
from collections import deque
from typing import Final, Generic, Protocol, TypeVar

from operators.features.sketch import Sketch
from operators.features.summaries import Amounts
from operators.ring import ABSENT, Ring

LONG: Final = 64
"""Up to so many events, a scan is as quick."""


class Summary(Protocol):
    """What a window's values come to. An index is the number of an event among all that its entity ever had."""

    def enter(self, index: int, value: int) -> None:
        """Take up the value of the next event."""

    def leave(self, index: int, value: int) -> None:
        """Let go of the oldest event's."""


class Uniting(Summary, Protocol):
    """One that takes up what was merged, too."""

    def unite(self, index: int, amounts: Amounts) -> None:
        """Take up the next entry's amounts."""

    def part(self, index: int, amounts: Amounts) -> None:
        """Let go of the oldest entry's."""


S = TypeVar("S", bound=Summary)
U = TypeVar("U", bound=Uniting)
T = TypeVar("T")


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
        self._enter(index, value, value)

    def leave(self, index: int, value: int) -> None:
        for values in (self.least, self.greatest):
            if values[0][0] == index:
                values.popleft()

    def unite(self, index: int, amounts: Amounts) -> None:
        self._enter(index, amounts.least, amounts.greatest)

    def part(self, index: int, amounts: Amounts) -> None:
        self.leave(index, amounts.least)

    def _enter(self, index: int, least: int, greatest: int) -> None:
        while self.least and self.least[-1][1] >= least:
            self.least.pop()
        self.least.append((index, least))
        while self.greatest and self.greatest[-1][1] <= greatest:
            self.greatest.pop()
        self.greatest.append((index, greatest))


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

    def unite(self, index: int, amounts: Amounts) -> None:
        self.count += amounts.number
        self.total += amounts.total
        self.squares += amounts.squares

    def part(self, index: int, amounts: Amounts) -> None:
        self.count -= amounts.number
        self.total -= amounts.total
        self.squares -= amounts.squares


class _Slide(Generic[T]):
    __slots__ = ("high", "low", "summary")

    def __init__(self, summary: T, low: int) -> None:
        self.summary = summary
        self.low = self.high = low


def slid(ring: Ring, place: int, kind: type[S], column: "array[int]", low: int, high: int) -> S:
    """The summary of `column[low:high]` without absent values, for the feature at `place`; nothing of it is merged."""
    dropped, slide = ring.dropped, _slide(ring, place, kind, low, high)
    summary = slide.summary
    for index in range(slide.high - dropped, high):
        if (value := column[index]) != ABSENT:
            summary.enter(index + dropped, value)
    for index in range(slide.low - dropped, low):
        if (value := column[index]) != ABSENT:
            summary.leave(index + dropped, value)
    slide.low, slide.high = low + dropped, high + dropped
    return summary


def slid_amounts(ring: Ring, place: int, kind: type[U], number: int, low: int, high: int) -> U:
    """The same of the column `number`, where entries may be merged."""
    if ring.merged:
        dropped, slide = ring.dropped, _slide(ring, place, kind, low, high)
        for index in range(slide.high - dropped, min(high, ring.merged)):
            if amounts := _amounts(ring, number, index):
                slide.summary.unite(index + dropped, amounts)
            slide.high = index + dropped + 1
        for index in range(slide.low - dropped, min(low, ring.merged)):
            if amounts := _amounts(ring, number, index):
                slide.summary.part(index + dropped, amounts)
            slide.low = index + dropped + 1
    return slid(ring, place, kind, ring.columns[number], low, high)


def sketched(ring: Ring, place: int, number: int, low: int, high: int) -> Sketch:
    """The sketch of the column `number` from `low` to `high`; values come in as they come, but none can leave."""
    dropped, column, held = ring.dropped, ring.columns[number], ring.summaries.get(number, [])
    slide = _slide(ring, place, Sketch, low, high)
    if slide.low != low + dropped:
        slide = _new_slide(ring, place, Sketch, low)
    for index in range(slide.high - dropped, min(high, len(held))):
        if held[index]:
            slide.summary.unite(held[index])
        elif (value := column[index]) != ABSENT:
            slide.summary.add(value)
    values = set(column[max(slide.high - dropped, len(held)) : high])
    for value in values - {ABSENT}:
        slide.summary.add(value)
    slide.high = high + dropped
    return slide.summary


def _amounts(ring: Ring, number: int, index: int) -> Amounts | None:
    if summary := ring.summaries[number][index]:
        return Amounts.decode(summary)
    value = ring.columns[number][index]
    return None if value == ABSENT else Amounts.of(value)


def _slide(ring: Ring, place: int, kind: type[T], low: int, high: int) -> _Slide[T]:
    """Where the window of the feature at `place` was last, if it can go on from there; else empty at `low`."""
    dropped, slide = ring.dropped, ring.slides.get(place) if ring.slides else None
    if (
        slide is not None
        and type(slide.summary) is kind
        and dropped <= slide.low <= low + dropped <= slide.high <= high + dropped
    ):
        found: _Slide[T] = slide
        return found
    return _new_slide(ring, place, kind, low)


def _new_slide(ring: Ring, place: int, kind: type[T], low: int) -> _Slide[T]:
    if ring.slides is None:
        ring.slides = {}
    slide = ring.slides[place] = _Slide(kind(), low + ring.dropped)
    return slide
