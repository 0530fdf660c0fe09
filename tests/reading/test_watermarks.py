"""What a partition's watermark tells is true, and an idle partition holds nobody back."""

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.codec import encode_event, encode_label
from contracts.events import Event, Label
from operators.packs import Arrival
from operators.settling import ABSENT_INPUT
from tests.reading.test_alignment import partitions
from tests.reading.world import RULES, START, World, times


@given(partitions(), st.sampled_from([1, 2, 5, 100]), st.sampled_from([0, 500, 3_000]), st.integers(0, 2**32))
def test_nothing_in_time_comes_below_a_watermark(
    filled: list[list[int]], batch_size: int, quantum: int, seed: int
) -> None:
    world = World(len(filled) - 1, replace(RULES, batch_size=batch_size, quantum=quantum))
    for number, given_times in enumerate(filled):
        world.put(number, *given_times)
    world.open()
    random = Random(seed)
    told = dict.fromkeys(range(len(filled)), 0)
    for _ in range(2 + 2 * sum(map(len, filled))):
        for number in random.sample(range(len(filled)), len(filled)):
            batch = world.read(number)
            assert all(arrival.late or arrival.event.event_time >= told[number] for arrival in batch.arrivals)
            if batch.watermark is not None:
                assert batch.watermark - told[number] >= quantum
                told[number] = batch.watermark
    for number, given_times in enumerate(filled):
        latest = START + max(given_times) - RULES.lateness if given_times else 0
        assert latest - max(quantum - 1, 0) <= told[number] <= latest


def test_what_is_late_is_known_by_its_own_partition() -> None:
    world = World(1)
    world.put(0, 5_000, 4_000, 3_999, 6_000, 4_999, 5_000)
    world.open()
    flags = [(arrival.event.event_time - START, arrival.late) for arrival in drain(world)]
    assert flags == [(5_000, False), (4_000, False), (3_999, True), (6_000, False), (4_999, True), (5_000, False)]


def drain(world: World) -> list[Arrival]:
    arrivals: list[Arrival] = []
    for _ in range(20):
        for number in range(world.partitions + 1):
            arrivals += world.read(number).arrivals
    return arrivals


def test_a_partition_at_its_end_no_longer_counts_after_a_while_and_counts_again_when_it_speaks() -> None:
    world = World(1)
    world.put(0, 0, 5_000)
    world.open()
    world.read(1)
    world.now = 10.0
    assert world.read(0).watermark == START + 4_000
    world.now = 10.999
    assert world.read(0).watermark is None
    world.now = 11.0
    assert world.read(0).watermark == ABSENT_INPUT
    world.now = 20.0
    assert world.read(0).watermark is None
    world.put(0, 5_001)
    batch = world.read(0)
    assert (times(batch), batch.watermark) == ([5_001], START + 4_001)
    world.now = 20.5
    world.put(0, 5_002)
    assert world.read(0).watermark is None  # it has moved by less than a quantum, and speaks
    world.now = 21.499
    assert world.read(0).watermark is None
    world.now = 21.5
    assert world.read(0).watermark == ABSENT_INPUT


@pytest.mark.parametrize(("delay", "counts"), [(0, True), (RULES.hold + RULES.idle, True), (86_400_000, False)])
def test_labels_published_long_after_their_time_hold_nobody_while_they_flow(delay: int, counts: bool) -> None:
    world = World(1)
    world.open()
    world.read(0)
    now = START + 1_000_000
    told: list[int | None] = []
    for number in range(8):
        label = encode_label(Label("e", "u", "fraud", now + number * 500 - delay, "test"))
        world.put_bytes(1, label, timestamp=now + number * 500)
        world.now = number / 2
        batch = world.read(1)
        assert len(batch.labels) == 1
        told.append(batch.watermark)
    if counts:
        assert told == [now + number * 500 - delay - RULES.lateness for number in range(8)]
    else:
        assert told[:2] == [now - delay - RULES.lateness, now + 500 - delay - RULES.lateness]
        assert told[2] == ABSENT_INPUT
        assert set(told[3:]) == {None}


def test_events_published_long_after_their_time_count_while_they_flow() -> None:
    world = World(1)
    world.open()
    for number in range(8):
        world.put_bytes(0, encode_event(Event("e", "payment", START + number * 500, "u")), timestamp=START + 86_400_000)
        world.read(1)
        world.now = number / 2
        assert world.read(0).watermark == START + number * 500 - RULES.lateness


def test_one_that_never_had_anything_is_idle_too() -> None:
    world = World(1)
    world.open()
    assert world.read(0).watermark is None
    world.now = 1.0
    assert world.read(0).watermark == ABSENT_INPUT


def test_what_is_exhausted_does_not_wait() -> None:
    world = World(1, stop_at_end=True)
    world.put(0, 0)
    world.open()
    world.read(1)
    batch = world.read(0)
    assert (times(batch), batch.watermark) == ([0], ABSENT_INPUT)
    assert world.readers[0].finished


@pytest.mark.parametrize("waited", [0.5, 5.0])
def test_who_is_held_is_not_idle(waited: float) -> None:
    world = World(2)
    world.put(0, 0, 60_000)
    world.put(1, *range(0, 1_000, 100))
    world.open()
    for _ in range(4):
        world.read(0)
        world.read(2)
    world.read(1)
    world.now += waited
    assert world.read(0).watermark != ABSENT_INPUT
