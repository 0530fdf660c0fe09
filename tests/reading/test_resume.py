"""A reader's state is all that a restart needs; what a record is does not depend on batches or restarts."""

from dataclasses import replace
from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from dataflows.reading import SourceBatch
from tests.reading.test_alignment import STEPS
from tests.reading.world import RULES, World

BAD = b'{"event_id": '


@st.composite
def records(draw: st.DrawFn) -> list[list[int | None]]:
    """Times of each partition's events, None for a bad record; the last are labels."""
    partitions = []
    for _ in range(draw(st.integers(2, 3))):
        steps = draw(st.lists(st.none() | st.sampled_from(STEPS), max_size=12))
        now = draw(st.sampled_from([0, 5_000]))
        partitions.append([None if step is None else (now := max(0, now + step)) for step in steps])
    return partitions


def filled(partitions: list[list[int | None]], batch_size: int) -> World:
    world = World(len(partitions) - 1, replace(RULES, batch_size=batch_size), stop_at_end=True)
    for number, times in enumerate(partitions):
        for time in times:
            if time is None:
                world.put_bytes(number, BAD)
            else:
                world.put(number, time, key=b"other" if time % 2 else b"u")
    world.open()
    return world


def what_came(batch: SourceBatch) -> list[Any]:
    """All of a batch that a restart may not change."""
    arrivals = [(arrival.offset, arrival.event.event_time, arrival.late) for arrival in batch.arrivals]
    labels = [label.label_time for label in batch.labels]
    return arrivals + labels + [letter[:5] for letter in batch.letters] + ["wrong key"] * batch.wrong_key


def run(world: World, random: Random, restarts: float) -> list[list[Any]]:
    """Everything that each partition gives, in order, whatever the batches; a bad record's place is its batch."""
    partitions = range(world.partitions + 1)
    came: list[list[Any]] = [[] for _ in partitions]
    while any(
        reader.state[0] < len(world.log.records(*world.place(number))) for number, reader in enumerate(world.readers)
    ):
        for number in random.sample(partitions, len(partitions)):
            came[number] += what_came(world.read(number))
            if random.random() < restarts:
                world.reopen(number, world.readers[number].state)
    return came


@given(records(), st.sampled_from([1, 2, 5, 100]), st.sampled_from([0.0, 0.2, 1.0]), st.integers(0, 2**32))
def test_the_rest_comes_after_a_restart_and_batches_make_no_difference(
    partitions: list[list[int | None]], batch_size: int, restarts: float, seed: int
) -> None:
    whole = run(filled(partitions, 100), Random(0), 0.0)
    parts = run(filled(partitions, batch_size), Random(seed), restarts)
    assert [sorted(came, key=repr) for came in parts] == [sorted(came, key=repr) for came in whole]
    for came, wanted in zip(parts, partitions, strict=True):
        offsets = [one[0] for one in came if isinstance(one, tuple) and isinstance(one[0], int)]
        assert offsets == sorted(set(offsets))
        assert sum(isinstance(one, tuple) and isinstance(one[0], str) for one in came) == wanted.count(None)
