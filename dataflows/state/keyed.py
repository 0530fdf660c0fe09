"""The objects of a keyed step that are in use, cached before the store of their key group."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

from dataflows.state.store import GroupStore

S = TypeVar("S")


class KeyedState(Generic[S]):
    """A step's states by key. What was put stays in memory until a snapshot has written it; besides, the most recently
    used are kept, `cache_entries` in all where what was put leaves room.

    A state may be mutated in place, but only `put` makes the next snapshot write it.
    """

    def __init__(
        self, store: GroupStore, encode: Callable[[S], bytes], decode: Callable[[bytes], S], cache_entries: int
    ) -> None:
        self._store = store
        self._encode = encode
        self._decode = decode
        self._cache_entries = cache_entries
        self._changed: dict[str, S | None] = {}
        self._clean: OrderedDict[str, S] = OrderedDict()
        self._unswept: list[str] = []
        self.misses = 0

    @property
    def cached(self) -> int:
        """Entries in memory."""
        return len(self._clean) + len(self._changed)

    @property
    def changed(self) -> int:
        """Entries that the next snapshot writes."""
        return len(self._changed)

    def get(self, key: str) -> S | None:
        """The state of a key, None when absent."""
        if key in self._changed:
            return self._changed[key]
        state = self._clean.get(key)
        if state is None:
            return self._read(key)
        self._clean.move_to_end(key)
        return state

    def put(self, key: str, state: S) -> None:
        """Set the state of a key, or note that it was mutated."""
        if key not in self._changed:
            self._clean.pop(key, None)
        self._changed[key] = state

    def delete(self, key: str) -> None:
        """Forget a key, there or not."""
        self._clean.pop(key, None)
        self._changed[key] = None

    def sweep(self, count: int) -> list[tuple[str, S]]:
        """The next `count` stored entries, to be looked at for expiry; round after round, each entry once a round.

        Neither the cache nor the counters notice.
        """
        if not self._unswept:
            self._unswept = self._store.keys()
        keys = self._unswept[-count:]
        del self._unswept[-count:]
        return [(key, state) for key in keys if (state := self._peek(key)) is not None]

    def snapshot(self) -> int:
        """Append what changed since the last snapshot and return the store's version, a new one if anything did."""
        if not self._changed:
            return self._store.version
        encode = self._encode
        version = self._store.append(
            {key: None if state is None else encode(state) for key, state in self._changed.items()}
        )
        self._clean.update((key, state) for key, state in self._changed.items() if state is not None)
        self._changed.clear()
        self._evict()
        return version

    def close(self) -> None:
        """Close the store; what changed since the last snapshot is dropped."""
        self._store.close()

    def _read(self, key: str) -> S | None:
        self.misses += 1
        value = self._store.get(key)
        if value is None:
            return None
        state = self._clean[key] = self._decode(value)
        self._evict()
        return state

    def _peek(self, key: str) -> S | None:
        if key in self._changed:
            return self._changed[key]
        if key in self._clean:
            return self._clean[key]
        value = self._store.get(key)
        return None if value is None else self._decode(value)

    def _evict(self) -> None:
        excess = self.cached - self._cache_entries
        for _ in range(min(excess, len(self._clean))):
            self._clean.popitem(last=False)
