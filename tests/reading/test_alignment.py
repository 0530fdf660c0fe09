"""Partitions are read in step, and never wait for each other for ever."""

from dataclasses import replace
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from operators.settling import ABSENT_INPUT
from tests.reading.world import RULES, START, World, all_times, times

STEPS = (-3_000, -1_000, 0, 0, 1, 500, 1_000, 2_000, 2_001, 60_000)


@st.composite
def partitions(draw: st.DrawFn) -> list[list[int]]:
    """Times of one to three partitions of events and one of labels; some are empty, some end early."""
    filled = []
    for _ in range(draw(st.integers(2, 4))):
        steps = draw(st.lists(st.sampled_from(STEPS), max_size=12))
        now = draw(st.sampled_from([0, 0, 5_000, 100_000]))
        filled.append([now := max(0, now + step) for step in steps])
    return filled


def world_of(filled: list[list[int]], batch_size: int, stop_at_end: bool) -> World:
    world = World(len(filled) - 1, replace(RULES, batch_size=batch_size), stop_at_end)
    for number, given_times in enumerate(filled):
        world.put(number, *given_times)
    world.open()
    return world


@given(partitions(), st.sampled_from([1, 2, 5, 100]), st.booleans(), st.integers(0, 2**32))
def test_everything_comes_and_nobody_runs_ahead(
    filled: list[list[int]], batch_size: int, stop_at_end: bool, seed: int
) -> None:
    world, random = world_of(filled, batch_size, stop_at_end), Random(seed)
    came: list[list[int]] = [[] for _ in filled]
    rounds = 0
    while any(len(have) < len(want) for have, want in zip(came, filled, strict=True)):
        rounds += 1
        assert rounds <= 2 + 2 * sum(map(len, filled)), "the partitions wait for each other"
        for number in random.sample(range(len(filled)), len(filled)):
            batch = world.read(number)
            came[number] += times(batch)
            allowed = slowest(world, filled, came, number, times(batch)) + RULES.hold
            assert all(time <= allowed for time in times(batch))
    assert came == filled


def slowest(
    world: World, filled: list[list[int]], came: list[list[int]], reading: int, given_now: list[int]
) -> float:  # fmt: skip
    """How far the partition that is furthest behind has read; what lies all behind doesn't count."""
    frontiers = []
    for number, source in enumerate(world.sources):
        before = len(came[number]) - len(given_now) if number == reading else len(came[number])
        at_end = source.position == len(filled[number])
        if world.slots.values[number] == 0:
            frontiers.append(-START)
        elif before < source.position or not at_end:
            frontiers.append(max(filled[number][: source.position]))
    return min(frontiers, default=ABSENT_INPUT)


@given(partitions(), st.sampled_from([1, 3, 100]), st.integers(0, 2**32))
def test_at_the_end_of_all_each_is_finished(filled: list[list[int]], batch_size: int, seed: int) -> None:
    world, random = world_of(filled, batch_size, stop_at_end=True), Random(seed)
    for _ in range(2 + 2 * sum(map(len, filled))):
        for number in random.sample(range(len(filled)), len(filled)):
            world.read(number)
    assert all(reader.finished for reader in world.readers)
    assert not any(world.read(number) for number in range(len(filled)))


def test_one_that_is_far_ahead_waits_for_the_others() -> None:
    world = World(2)
    world.put(0, 0, 1_000, 2_000, 2_001, 9_000)
    world.put(1, 0, 500, 8_000)
    world.open()
    assert all_times([world.read(0), world.read(1), world.read(2)]) == []  # the first two had not heard of all others
    assert times(world.read(0)) == [0, 1_000, 2_000, 2_001]
    assert times(world.read(1)) == [0, 500]
    assert times(world.read(0)) == [9_000]
    assert times(world.read(1)) == [8_000]


def test_labels_wait_for_the_events_of_their_time() -> None:
    world = World(1)
    world.put(0, 0, 500, 3_000, 4_000, 89_000)
    world.put(1, 500, 6_000, 6_001, 90_000)
    world.open()
    world.read(0)
    assert times(world.read(1)) == [500, 6_000]
    assert times(world.read(0)) == [0, 500, 3_000, 4_000]
    assert times(world.read(1)) == []
    world.read(0)
    assert times(world.read(1)) == [6_001, 90_000]
