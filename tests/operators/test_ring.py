"""A ring against a list of events."""

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operators.columns import Columns
from operators.ring import ABSENT, NEVER, Ring

KINDS = (False, True, True)
"""A raw column and two cumulative ones."""

Row = tuple[int, tuple[int, int, int]]
TIMES = st.integers(0, 30) | st.integers(0, 10**6)
VALUES = st.tuples(st.integers(-(2**63), 2**63 - 1), st.integers(-(10**14), 10**14), st.integers(0, 1))
ROWS = st.lists(st.tuples(TIMES, VALUES), max_size=120)


def filled(rows: Sequence[Row]) -> Ring:
    ring = Ring(KINDS)
    for time, values in rows:
        index = ring.insert(time, values)
        assert (ring.times[index], ring.columns[0][index]) == (time, values[0])
    return ring


def assert_holds(ring: Ring, rows: Sequence[Row]) -> None:
    """The ring's events are these: by time, those of equal times as they came."""
    assert list(ring.times) == [time for time, _ in rows]
    assert list(ring.columns[0]) == [values[0] for _, values in rows]
    assert len(ring) == len(rows)
    for number in (1, 2):
        totals = ring.columns[number]
        assert len(totals) == len(rows) + 1
        steps = [later - earlier for earlier, later in pairwise(totals)]
        assert steps == [values[number] for _, values in rows]


def in_order(rows: Sequence[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: row[0])


@given(ROWS)
def test_events_lie_in_order_of_time(rows: list[Row]) -> None:
    ring = filled(rows)
    assert_holds(ring, in_order(rows))
    assert ring.first_seen == min((time for time, _ in rows), default=NEVER)


def test_a_late_event_among_many_raises_all_that_follow() -> None:
    rows = [(time, (time, time + 1, time % 2)) for time in (*range(0, 600, 3), *range(1, 600, 59))]
    assert_holds(filled(rows), in_order(rows))


@given(ROWS, TIMES)
def test_an_event_is_found_by_its_time(rows: list[Row], time: int) -> None:
    times = [one for one, _ in in_order(rows)]
    assert filled(rows).find(time) == (times.index(time) if time in times else None)


@given(ROWS.filter(bool), st.data())
def test_what_an_event_adds_can_be_raised(rows: list[Row], data: st.DataObject) -> None:
    ring, expected = filled(rows), in_order(rows)
    index = data.draw(st.integers(0, len(rows) - 1))
    amount = data.draw(st.integers(-1, 1))
    ring.add(2, index, amount)
    time, (raw, first, second) = expected[index]
    expected[index] = time, (raw, first, second + amount)
    assert_holds(ring, expected)


@given(ROWS, st.integers(0, 40))
def test_trimming_lets_go_of_nothing_newer(rows: list[Row], before: int) -> None:
    ring, expected = filled(rows), in_order(rows)
    ring.trim(before)
    gone = len(rows) - len(ring)
    expired = sum(time <= before for time, _ in rows)
    assert gone == (expired if expired * 4 >= max(1, len(rows)) or expired >= 64 else 0)
    assert_holds(ring, expected[gone:])
    assert ring.first_seen == min((time for time, _ in rows), default=NEVER)


def test_running_totals_start_again_before_they_overflow() -> None:
    ring, most = Ring((True,)), 10**14
    for time in range(200_000):
        ring.insert(time, (most,))
        ring.trim(time - 100)
    assert max(ring.columns[0]) < 2**62
    assert ring.columns[0][-1] - ring.columns[0][-51] == 50 * most


@given(ROWS, st.lists(st.tuples(TIMES, TIMES, *[st.integers(-1, 2)] * 3), max_size=3))
def test_records_give_the_ring_back(rows: list[Row], recent: list[tuple[int, int, int, int, int]]) -> None:
    ring = filled(rows)
    ring.recent_labels, ring.read_through, ring.labelled_through = recent, 7, ABSENT
    head, blocks = ring.take_changes()
    again = Ring.decode(head, {number: block or b"" for number, block in blocks.items()}.__getitem__)
    assert_holds(again, in_order(rows))
    assert [getattr(again, name) for name in Columns.__slots__] == [getattr(ring, name) for name in Columns.__slots__]
    again.insert(50, (1, 2, 1))
    ring.insert(50, (1, 2, 1))
    assert again.take_changes() == ring.take_changes()


@pytest.mark.parametrize(
    ("times", "before", "ageless", "left"),
    [
        ([5, 9], 8, True, [5, 9]),
        ([5, 9], 9, True, None),
        ([5, 9], 9, False, []),
        ([5, 9], 4, False, [5, 9]),
        ([], 9, True, None),
        ([], 9, False, []),
    ],
)
def test_of_an_idle_entity_its_beginning_is_left_where_somebody_asks(
    times: list[int], before: int, ageless: bool, left: list[int] | None
) -> None:
    ring = filled([(time, (0, 1, 1)) for time in times])
    rest = ring.rest(before, ageless)
    assert (None if rest is None else list(rest.times)) == left
    assert rest is None or rest.first_seen == ring.first_seen
    assert (rest is ring) == (left == times)
