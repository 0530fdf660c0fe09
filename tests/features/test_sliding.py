"""Summaries that slide with a window give what a scan of it gives."""

from bisect import bisect_right
from collections import Counter
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from operators.features.sliding import Counts, Extremes, Moments, slid
from operators.ring import ABSENT, Ring


def assert_as_scanned(ring: Ring, low: int, high: int) -> None:
    column = ring.columns[0]
    present = [value for value in column[low:high] if value != ABSENT]
    assert slid(ring, 0, Counts, column, low, high).of == Counter(present)
    extremes = slid(ring, 1, Extremes, column, low, high)
    assert [extremes.least[0][1], extremes.greatest[0][1]] == [min(present), max(present)] if present else True
    assert bool(extremes.least) == bool(extremes.greatest) == bool(present)
    moments = slid(ring, 2, Moments, column, low, high)
    squares = sum(value * value for value in present)
    assert (moments.count, moments.total, moments.squares) == (len(present), sum(present), squares)


@given(st.integers(0, 2**32), st.sampled_from([0.0, 0.0, 0.1]), st.sampled_from([5, 40, 300]))
def test_a_window_that_moves_gives_what_a_scan_gives(seed: int, late: float, size: int) -> None:
    random, ring, time = Random(seed), Ring((False, True)), 0
    for _ in range(120):
        time += random.choice([0, 1, 7, 90])
        behind = random.randint(1, 50) if random.random() < late else 0
        value = random.choice([ABSENT, *range(6), 10**15])
        ring.insert(time - behind, (value, 1))
        if random.random() < 0.7:
            read = time - (random.randint(0, 60) if random.random() < late else 0)
            low, high = bisect_right(ring.times, read - size), bisect_right(ring.times, read)
            assert_as_scanned(ring, low, high)
        if random.random() < 0.2:
            ring.trim(time - size - 60)


def test_what_a_late_event_changed_is_seen() -> None:
    ring = Ring((False, True))
    for time in range(0, 100, 10):
        ring.insert(time, (time, 1))
    assert slid(ring, 0, Counts, ring.columns[0], 2, 8).of == Counter(range(20, 80, 10))
    ring.insert(35, (99, 1))
    assert slid(ring, 0, Counts, ring.columns[0], 2, 9).of == Counter([*range(20, 80, 10), 99])
