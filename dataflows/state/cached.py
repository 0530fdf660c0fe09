"""The objects of a keyed step that are in use, cached before the store of their key group."""

from abc import ABC, abstractmethod
from collections import OrderedDict
from typing import Final, Generic, TypeVar

from dataflows.state.store import GroupStore

S = TypeVar("S")

_IN_USE: Final = 16
"""So many of the entries last put are encoded at the snapshot, any other before: the worker stands still for less."""


class CachedStates(ABC, Generic[S]):
    """A step's states by key. What was put stays in memory until a snapshot has written it, as it is or encoded;
    besides, the most recently used are kept, `cache_entries` in all where what was put leaves room.

    A state may be mutated in place, but only `put` makes the next snapshot write it. Another object takes the place of
    a key's state by `delete` and `put`.
    """

    def __init__(self, store: GroupStore, cache_entries: int) -> None:
        self._store = store
        self._cache_entries = cache_entries
        self._changed: dict[str, S] = {}
        self._clean: OrderedDict[str, S] = OrderedDict()
        self._encoded: set[str] = set()
        self._records: dict[str, bytes | None] = {}
        """What the next snapshot writes, as far as it is encoded: the store and these together are as if it had."""
        self._unswept: list[str] = []
        self.misses = 0

    @property
    def cached(self) -> int:
        """Entries in memory."""
        return len(self._clean) + len(self._changed)

    @property
    def changed(self) -> int:
        """Entries that the next snapshot writes."""
        return len(self._changed) + len(self._encoded)

    def get(self, key: str) -> S | None:
        """The state of a key, None when absent."""
        state = self._changed.get(key)
        if state is not None:
            return state
        state = self._clean.get(key)
        if state is None:
            return self._read(key)
        self._clean.move_to_end(key)
        return state

    def put(self, key: str, state: S) -> None:
        """Set the state of a key, or note that it was mutated."""
        if self._changed.pop(key, None) is None:  # the last put is the last in order
            self._clean.pop(key, None)
            self._encoded.discard(key)
        self._changed[key] = state
        if len(self._changed) > _IN_USE:
            self._encode_oldest()

    def delete(self, key: str) -> None:
        """Forget a key, there or not."""
        self._changed.pop(key, None)
        self._clean.pop(key, None)
        self._erase(key)
        self._encoded.add(key)

    def sweep(self, count: int) -> list[tuple[str, S]]:
        """The next `count` stored entries, to be looked at for expiry; round after round, each entry once a round.

        Neither the cache nor the counters notice.
        """
        if not self._unswept:
            self._unswept = self._stored_keys()
        keys = self._unswept[-count:]
        del self._unswept[-count:]
        return [(key, state) for key in keys if (state := self._peek(key)) is not None]

    def snapshot(self) -> int:
        """Append what changed since the last snapshot and return the store's version, a new one if anything did."""
        if not self.changed:
            return self._store.version
        for key, state in self._changed.items():
            self._write(key, state)
        self._clean.update(self._changed)
        self._changed.clear()
        version = self._store.append(self._records)
        self._records.clear()
        self._encoded.clear()
        self._evict()
        return version

    def close(self) -> None:
        """Close the store; what changed since the last snapshot is dropped."""
        self._store.close()

    @abstractmethod
    def _write(self, key: str, state: S) -> None:
        """Add to the records what the store is to hold of a state."""

    @abstractmethod
    def _load(self, key: str) -> S | None:
        """The state of a key as it was last written."""

    @abstractmethod
    def _erase(self, key: str) -> None:
        """Add to the records that nothing is to be held of a key."""

    @abstractmethod
    def _stored_keys(self) -> list[str]:
        """All keys in the store."""

    def _record(self, key: str) -> bytes | None:
        return self._records[key] if key in self._records else self._store.get(key)

    def _encode_oldest(self) -> None:
        key = next(iter(self._changed))
        state = self._clean[key] = self._changed.pop(key)
        self._write(key, state)
        self._encoded.add(key)

    def _read(self, key: str) -> S | None:
        self.misses += 1
        state = self._load(key)
        if state is not None:
            self._clean[key] = state
            self._evict()
        return state

    def _peek(self, key: str) -> S | None:
        state = self._changed.get(key)
        if state is None:
            state = self._clean.get(key)
        return self._load(key) if state is None else state

    def _evict(self) -> None:
        excess = self.cached - self._cache_entries
        for _ in range(min(excess, len(self._clean))):
            self._clean.popitem(last=False)
