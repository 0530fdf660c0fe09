"""A ring's head and blocks: what is read is what was written, and what is written is what changed."""

from collections.abc import Iterator
from copy import deepcopy
from itertools import pairwise
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operators import columns
from operators import ring as rings
from operators.features.panes import Panes
from operators.features.summaries import summarise_identities
from operators.ring import ABSENT, MERGED, Ring
from tests.operators.disk import Disk

KINDS = (False, True, True)
KEY = "merchant:1"
PANES = Panes([64, 640], 3, {0: summarise_identities})

Step = tuple[str, int, int]
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["append", "insert", "add", "trim", "merge", "label", "write", "go back"]),
        st.integers(0, 60),
        st.integers(-3, 10**14),
    ),
    max_size=80,
)


def contents(ring: Ring) -> list[object]:
    """All that a ring knows; of the totals their steps, which alone are read."""
    steps = [[later - earlier for earlier, later in pairwise(totals)] for totals in ring.columns[1:]]
    rest = (ring.first_seen, ring.read_through, ring.labelled_through, ring.recent_labels, ring.dropped)
    return [list(ring.times), list(ring.columns[0]), *steps, *rest, ring.merged, ring.gone_through, ring.summaries]


def change(ring: Ring, kind: str, place: int, value: int) -> None:
    times = ring.times
    if kind == "append":
        for _ in range(1 + place % 8):
            ring.insert((times[-1] if times else 0) + place, (value, value, place % 2))
    elif kind == "insert":
        ring.insert(times[place % len(times)] if times else place, (value, value, 1))
    elif kind == "add" and times:
        ring.add(1 + value % 2, place % len(times), value)
    elif kind == "trim" and times:
        ring.trim(times[place % len(times)])
    elif kind == "merge" and times:
        PANES.merge(ring, times[-1] - place, times[-1], times[0] - 1)
    elif kind == "label":
        ring.recent_labels.append((place, place, value, 0, 1))
        ring.read_through = ring.labelled_through = place


@given(STEPS)
@pytest.mark.parametrize("rebase", [2**61, 10**14])
def test_what_is_read_is_what_was_written(rebase: int, steps: list[Step]) -> None:
    with patch.object(rings, "BLOCK", 3), patch.object(columns, "_REBASE", rebase):
        ring, disk = Ring(KINDS), Disk(Ring)
        for step in [*steps, ("write", 0, 0)]:
            if step[0] == "write":
                earlier = deepcopy(disk)
                disk.write(KEY, ring)
                assert contents(disk.read(KEY)) == contents(ring)
                assert sorted(disk.blocks[KEY]) == list(Ring.blocks(disk.heads[KEY]))
                if step[1] % 2:
                    ring = disk.read(KEY)
            elif step[0] == "go back" and KEY in disk.heads:
                disk = earlier if earlier.heads else disk
                ring = disk.read(KEY)
            else:
                change(ring, *step)


@pytest.fixture
def ring() -> Iterator[Ring]:
    """1,000 events that are written: blocks 0 to 99, and no event behind them."""
    with patch.object(rings, "BLOCK", 10):
        ring = Ring(KINDS)
        for time in range(1_000):
            ring.insert(time, (time, time, 1))
        assert [*ring.take_changes()[1]] == list(range(100))
        yield ring


@pytest.mark.parametrize(("events", "blocks"), [(0, []), (9, []), (10, [100]), (25, [100, 101])])
def test_appended_events_write_the_blocks_that_they_fill(ring: Ring, events: int, blocks: list[int]) -> None:
    for time in range(events):
        ring.insert(1_000 + time, (0, 0, 0))
    head, changed = ring.take_changes()
    assert list(changed) == blocks
    assert len(head) < 100 + 10 * 4 * 8
    assert ring.take_changes() == (head, {})


def test_what_is_added_to_an_event_writes_its_block_alone(ring: Ring) -> None:
    ring.add(2, 437, 1)
    ring.add(2, 998, -1)
    ring.add(2, 999, 0)
    assert set(ring.take_changes()[1]) == {43, 99}
    ring.add(2, 512, 1)
    assert set(ring.take_changes()[1]) == {51}


def test_a_late_event_writes_the_blocks_from_its_own_on(ring: Ring) -> None:
    ring.insert(975, (0, 0, 0))
    assert set(ring.take_changes()[1]) == {97, 98, 99}


def test_trimming_deletes_whole_blocks_and_writes_none(ring: Ring) -> None:
    ring.trim(437)
    assert ring.take_changes()[1] == dict.fromkeys(range(43))
    ring.trim(999)
    assert ring.take_changes()[1] == dict.fromkeys(range(43, 100))


def test_merging_writes_what_is_merged_and_deletes_the_blocks_that_it_was(ring: Ring) -> None:
    Panes([640], 300, {}).merge(ring, 999, 999, -1)
    record = ring.take_changes()[1]
    assert ring.merged == 89
    assert record == {MERGED: record[MERGED]} | dict.fromkeys(range(70))
    ring.insert(1_000, (0, 0, 0))
    assert ring.take_changes()[1] == {}
    ring.insert(500, (0, 0, 0))
    assert list(ring.take_changes()[1]) == [MERGED]
    assert ring.merged == 90


def test_a_ring_that_was_read_writes_what_changes_after(ring: Ring) -> None:
    disk = Disk(Ring)
    disk.write(KEY, Ring(KINDS))
    for time in range(35):
        ring = disk.read(KEY)
        ring.insert(time, (0, 0, 0))
        changed = ring.take_changes()[1]
        assert list(changed) == ([time // 10] if time % 10 == 9 else [])
        disk.heads[KEY] = ring.take_changes()[0]
        disk.blocks[KEY] |= {number: block for number, block in changed.items() if block is not None}


def test_heads_of_another_format_are_refused() -> None:
    head, _ = Ring(KINDS).take_changes()
    other = bytes([head[0] + 1]) + head[1:]
    for read in (Ring.blocks, lambda data: Ring.decode(data, {}.__getitem__)):
        with pytest.raises(ValueError, match="another format"):
            read(other)


def test_an_idle_ring_of_few_events_is_its_head() -> None:
    ring = Ring(KINDS)
    ring.insert(5, (ABSENT, 1, 1))
    head, blocks = ring.take_changes()
    assert (blocks, Ring.blocks(head)) == ({}, [])
