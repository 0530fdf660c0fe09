"""The cache between a step and its store, against a dictionary for each version."""

import tempfile
from collections.abc import Iterator
from functools import reduce
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from dataflows.state import CachedStates, KeyedState, StateDirectory, StateLostError, cached, log_store

ALL_KEYS = [*(f"user {number}" for number in range(5)), "\0", "\0\0user 1", "\x000 user 1"]
"""The last three look like what the store may call something else."""
KEYS = st.sampled_from(ALL_KEYS)
WORDS = st.binary(max_size=60)

Words = list[bytes]
Contents = list[Any]


def encode(words: Words) -> bytes:
    return b"".join(len(word).to_bytes() + word for word in words)


def decode(value: bytes) -> Words:
    words = []
    while value:
        words.append(value[1 : value[0] + 1])
        value = value[value[0] + 1 :]
    return words


def keyed(path: Path, cache_entries: int) -> KeyedState[Words]:
    return KeyedState(StateDirectory(path).table("users", "07"), encode, decode, cache_entries)


@pytest.fixture
def state(tmp_path: Path) -> Iterator[KeyedState[Words]]:
    state = keyed(tmp_path, cache_entries=3)
    yield state
    state.close()


def test_a_snapshot_is_a_new_version_only_when_something_changed(state: KeyedState[Words]) -> None:
    assert state.snapshot() == 0
    state.put("a", [b"1"])
    assert [state.snapshot(), state.snapshot()] == [1, 1]
    assert state.get("a") == [b"1"]
    assert state.snapshot() == 1
    state.delete("a")
    assert state.snapshot() == 2
    assert state.get("a") is None


def test_what_changed_stays_in_memory_until_it_is_written(state: KeyedState[Words]) -> None:
    words = {f"user {number}": [b"%d" % number] for number in range(10)}
    for key, value in words.items():
        state.put(key, value)
        state.get("absent")
    assert (state.cached, state.changed) == (10, 10)
    assert all(state.get(key) is value for key, value in words.items())
    state.snapshot()
    assert (state.cached, state.changed) == (3, 0)
    assert {key: state.get(key) for key in words} == words
    assert state.cached == 3
    state.put("user 9", [])
    assert (state.cached, state.changed) == (3, 1)


def test_the_least_recently_used_leaves_first(state: KeyedState[Words]) -> None:
    for number in range(3):
        state.put(f"user {number}", [])
    state.snapshot()
    state.get("user 0")
    state.put("user 3", [])
    state.snapshot()
    misses = state.misses
    for key in ("user 0", "user 2", "user 3"):
        state.get(key)
    assert state.misses == misses
    state.get("user 1")
    assert state.misses == misses + 1


def test_a_mutation_is_written_when_it_was_put(state: KeyedState[Words]) -> None:
    state.put("a", [b"1"])
    words = state.get("a")
    assert words is not None
    words.append(b"2")
    state.snapshot()
    words.append(b"3")
    state.put("a", words)
    state.snapshot()
    for number in range(3):
        state.put(f"user {number}", [])
    state.snapshot()
    assert state.get("a") == [b"1", b"2", b"3"]


def test_a_sweep_sees_each_entry_once_a_round_and_leaves_the_cache(state: KeyedState[Words]) -> None:
    words = {f"user {number}": [b"%d" % number] for number in range(10)}
    for key, value in words.items():
        state.put(key, value)
    state.snapshot()
    before = (state.cached, state.misses)
    for _ in range(2):
        rounds = [state.sweep(4) for _ in range(3)]
        assert [len(entries) for entries in rounds] == [4, 4, 2]
        assert dict(entry for entries in rounds for entry in entries) == words
    assert (state.cached, state.misses) == before
    for key, _ in state.sweep(4):
        state.delete(key)
    state.snapshot()
    assert len([entry for _ in range(3) for entry in state.sweep(2)]) == 6


class KeyedStateMachine(RuleBasedStateMachine):
    """The model: the state now, and at each version that can still be asked for. Small logs make files change often."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name)
        self.small_logs = patch.object(log_store, "_FREE_BYTES", 0)
        self.small_logs.start()
        self.encoded_soon = patch.object(cached, "_IN_USE", 2)
        self.encoded_soon.start()
        self.store = StateDirectory(self.path).table("users", "07")
        self.state = self.cache()
        self.now: dict[str, Contents] = {}
        self.versions: dict[int, dict[str, Contents]] = {0: {}}
        self.following = 1

    def teardown(self) -> None:
        self.store.close()
        self.small_logs.stop()
        self.encoded_soon.stop()
        self.folder.cleanup()

    def cache(self) -> CachedStates[Any]:
        return KeyedState(self.store, encode, decode, cache_entries=4)

    def contents(self, state: Any) -> Contents:
        """What a state holds, as the model knows it."""
        return list(state)

    def grown(self, contents: Contents, word: bytes) -> Contents:
        """What a state holds when it has taken a word."""
        return [*contents, word]

    def grow(self, state: Any, word: bytes) -> None:
        state.append(word)

    def set(self, key: str, words: Words) -> None:
        self.state.put(key, list(words))

    @property
    def logs(self) -> list[Path]:
        return sorted(self.path.glob("users/07/*.log"))

    def resume(self, version: int | None, reopen: bool = True) -> None:
        """Go on from a version, after a death without a snapshot or in the same process."""
        if reopen:
            self.store.close()
            self.store = StateDirectory(self.path).table("users", "07")
        store = self.store
        assert store.version == max(self.versions)
        for lost in (min(self.versions) - 1, max(self.versions) + 1):
            with pytest.raises(StateLostError):
                store.rollback(lost)
        store.rollback(version)
        self.versions = {number: self.versions[number] for number in self.versions if number <= (version or 0)} or {
            0: {}
        }
        self.now = dict(self.versions[max(self.versions)])
        self.state = self.cache()

    def written(self, version: int) -> None:
        assert version == self.following
        self.following += 1
        self.versions[version] = dict(self.now)
        self.versions = dict(sorted(self.versions.items())[-3:])

    @rule(key=KEYS, words=st.lists(WORDS, max_size=12))
    def put(self, key: str, words: Words) -> None:
        self.set(key, words)
        self.now[key] = reduce(self.grown, words, [])

    def take(self, key: str, words: Words) -> None:
        """What an epoch brings for a key."""
        self.put(key, words)

    @rule(key=KEYS, word=WORDS)
    def mutate(self, key: str, word: bytes) -> None:
        state = self.state.get(key)
        if state is not None:
            self.grow(state, word)
            self.state.put(key, state)
            self.now[key] = self.grown(self.now[key], word)

    @rule(key=KEYS)
    def delete(self, key: str) -> None:
        self.state.delete(key)
        self.now.pop(key, None)

    @rule(key=KEYS)
    def get(self, key: str) -> None:
        state = self.state.get(key)
        assert (None if state is None else self.contents(state)) == self.now.get(key)

    @rule(count=st.integers(1, 5))
    def sweep(self, count: int) -> None:
        for key, state in self.state.sweep(count):
            assert self.contents(state) == self.now[key]

    @rule(changes=st.dictionaries(KEYS, st.none() | st.lists(WORDS, max_size=12), max_size=6))
    def epoch(self, changes: dict[str, Words | None]) -> None:
        for key, words in changes.items():
            if words is None:
                self.delete(key)
            else:
                self.take(key, words)
        self.snapshot()

    @rule()
    def snapshot(self) -> None:
        changed = self.state.changed
        version = self.state.snapshot()
        assert self.state.changed == 0
        if changed:
            self.written(version)
        assert version == max(self.versions)

    @rule(data=st.data(), reopen=st.booleans())
    def go_back(self, data: st.DataObject, reopen: bool) -> None:
        self.resume(data.draw(st.sampled_from(sorted(self.versions))), reopen)

    @rule(key=KEYS, word=WORDS, data=st.data())
    def crash_in_the_middle_of_an_append(self, key: str, word: bytes, data: st.DataObject) -> None:
        logs = self.logs
        before = logs[-1].stat().st_size
        self.put(key, [word])
        version = self.state.snapshot()
        if self.logs == logs:
            with logs[-1].open("r+b") as log:
                log.truncate(data.draw(st.integers(before, logs[-1].stat().st_size - 1)))
            self.resume(max(self.versions))
        else:
            self.written(version)

    @rule(reopen=st.booleans())
    def start_from_nothing(self, reopen: bool) -> None:
        self.resume(None, reopen)

    @invariant()
    def at_most_two_files(self) -> None:
        assert 1 <= len(self.logs) <= 2

    @rule()
    def get_all(self) -> None:
        states = {key: self.state.get(key) for key in ALL_KEYS}
        assert {key: self.contents(state) for key, state in states.items() if state is not None} == self.now


TestKeyedStateMachine = KeyedStateMachine.TestCase
TestKeyedStateMachine.settings = settings(
    max_examples=60, stateful_step_count=60, suppress_health_check=[HealthCheck.too_slow]
)
