"""States of many records: the machine of states of one, over rings whose blocks have three events."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import rule

from dataflows.state import BlockwiseState, GroupStore, StateDirectory, cached
from dataflows.steps.sweeping import sweep
from operators import ring as rings
from operators.ring import Ring
from tests.state.test_keyed_state import KEYS, Contents, KeyedStateMachine, Words

KINDS = (False, True)
BLOCK = 3


def row(word: bytes) -> tuple[int, int, int]:
    """The time and values of an event: few times, so that many come late."""
    return word[0] % 8 if word else 0, len(word), sum(word)


def ring_of(rows: Contents) -> Ring:
    ring = Ring(KINDS)
    for time, *values in rows:
        ring.insert(time, values)
    return ring


def rows_of(ring: Ring) -> Contents:
    steps = [ring.columns[1][index + 1] - ring.columns[1][index] for index in range(len(ring))]
    return list(zip(ring.times, ring.columns[0], steps, strict=True))


class BlockwiseStateMachine(KeyedStateMachine):
    """Also: events are raised and trimmed, and the store holds nothing that no head names."""

    def __init__(self) -> None:
        self.small_blocks = patch.object(rings, "BLOCK", BLOCK)
        self.small_blocks.start()
        super().__init__()

    def teardown(self) -> None:
        super().teardown()
        self.small_blocks.stop()

    def cache(self) -> BlockwiseState[Ring]:
        return BlockwiseState(self.store, Ring, cache_entries=4)

    def contents(self, state: Any) -> Contents:
        return rows_of(state)

    def grown(self, contents: Contents, word: bytes) -> Contents:
        return sorted([*contents, row(word)], key=lambda event: event[0])

    def grow(self, state: Any, word: bytes) -> None:
        time, *values = row(word)
        state.insert(time, values)

    def set(self, key: str, words: Words) -> None:
        self.state.delete(key)
        self.state.put(key, ring_of([row(word) for word in words]))

    def take(self, key: str, words: Words) -> None:
        if self.state.get(key) is None:
            self.put(key, [])
        for word in words:
            self.mutate(key, word)

    @rule(key=KEYS, place=st.integers(0, 99), amount=st.integers(-9, 9))
    def add(self, key: str, place: int, amount: int) -> None:
        rows = self.now.get(key)
        if rows:
            index = place % len(rows)
            ring = self.state.get(key)
            ring.add(1, index, amount)
            self.state.put(key, ring)
            time, value, step = rows[index]
            self.now[key] = [*rows[:index], (time, value, step + amount), *rows[index + 1 :]]

    @rule(key=KEYS, before=st.integers(0, 7))
    def trim(self, key: str, before: int) -> None:
        ring = self.state.get(key)
        if ring is not None:
            ring.trim(before)
            self.state.put(key, ring)
            self.now[key] = self.now[key][len(self.now[key]) - len(ring) :]

    @rule()
    def read_afresh(self) -> None:
        self.snapshot()
        stored = BlockwiseState(self.store, Ring, cache_entries=0)
        found = {key: ring for key in self.now if (ring := stored.get(key)) is not None}
        assert {key: rows_of(ring) for key, ring in found.items()} == self.now
        blocks = [range(ring.dropped // BLOCK, (ring.dropped + len(ring)) // BLOCK) for ring in found.values()]
        assert len(self.store.keys()) == len(self.now) + sum(map(len, blocks))
        assert sorted(key for key, _ in stored.sweep(99)) == sorted(self.now)


TestBlockwiseStateMachine = BlockwiseStateMachine.TestCase
TestBlockwiseStateMachine.settings = settings(
    max_examples=60, stateful_step_count=60, suppress_health_check=[HealthCheck.too_slow]
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[GroupStore]:
    store = StateDirectory(tmp_path).table("entities", "07")
    yield store
    store.close()


@pytest.fixture
def state(store: GroupStore) -> BlockwiseState[Ring]:
    """Of one merchant, who has many events."""
    state = BlockwiseState(store, Ring, cache_entries=3)
    state.put("merchant:1", ring_of([(time, time, 1) for time in range(10_000)]))
    state.snapshot()
    return state


def test_a_snapshot_costs_what_changed(state: BlockwiseState[Ring], tmp_path: Path) -> None:
    (log,) = tmp_path.glob("entities/07/*.log")
    for time in range(10_000, 10_100, 5):
        before = log.stat().st_size
        ring = state.get("merchant:1")
        assert ring is not None
        for late in range(5):
            ring.insert(time + late, (0, 1))
        state.put("merchant:1", ring)
        state.snapshot()
        assert log.stat().st_size - before < 2 * rings.BLOCK * 3 * 8 + 500


def test_what_was_encoded_before_the_snapshot_is_not_lost_when_more_comes(
    state: BlockwiseState[Ring], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cached, "_IN_USE", 0)
    ring = state.get("merchant:1")
    assert ring is not None
    for time in range(10_000, 11_000):
        ring.insert(time, (time, 1))
        state.put("merchant:1", ring)
    assert (state.cached, state.changed) == (1, 1)
    state.snapshot()
    for number in range(9):
        state.put(f"merchant:other {number}", Ring(KINDS))
    state.snapshot()
    again = state.get("merchant:1")
    assert again is not None
    assert again is not ring
    assert rows_of(again) == rows_of(ring)


def test_nothing_is_left_of_a_state_that_is_deleted(state: BlockwiseState[Ring], store: GroupStore) -> None:
    state.delete("merchant:1")
    state.snapshot()
    assert state.get("merchant:1") is None
    assert store.keys() == []


def test_nothing_is_left_of_blocks_that_were_encoded_for_a_state_that_is_deleted(
    state: BlockwiseState[Ring], store: GroupStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cached, "_IN_USE", 1)
    state.delete("merchant:1")
    ring = ring_of([(time, time, 1) for time in range(1_000)])
    for key in ("merchant:2", "merchant:3", "merchant:2"):
        state.put(key, ring if key == "merchant:2" else Ring(KINDS))
    assert state.changed == 3
    state.delete("merchant:2")
    assert state.changed == 3
    state.snapshot()
    assert store.keys() == ["merchant:3"]


def test_of_a_swept_state_its_rest_alone_is_left(state: BlockwiseState[Ring], store: GroupStore) -> None:
    sweep(state, lambda _, ring: ring.rest(before=99_999, ageless=False))
    state.snapshot()
    assert store.keys() == ["merchant:1"]
    ((_, rest),) = state.sweep(9)
    assert (len(rest), rest.first_seen) == (0, 0)
