"""The objects of a keyed step that are in use, cached before the store of their key group."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Final, Generic, TypeVar

from dataflows.state.store import GroupStore

S = TypeVar("S")

_IN_USE: Final = 16
"""So many of the entries last put are encoded at the snapshot, any other before: the worker stands still for less."""


class KeyedState(Generic[S]):
    """A step's states by key. What was put stays in memory until a snapshot has written it, as it is or encoded;
    besides, the most recently used are kept, `cache_entries` in all where what was put leaves room.

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
        self._encoded: dict[str, bytes | None] = {}
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
        return len(self._changed) + len(self._encoded)

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
        self._change(key, state)

    def delete(self, key: str) -> None:
        """Forget a key, there or not."""
        self._change(key, None)

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
        if not self.changed:
            return self._store.version
        while self._changed:
            self._encode_oldest()
        version = self._store.append(self._encoded)
        self._encoded.clear()
        self._evict()
        return version

    def close(self) -> None:
        """Close the store; what changed since the last snapshot is dropped."""
        self._store.close()

    def _change(self, key: str, state: S | None) -> None:
        if key in self._changed:
            del self._changed[key]  # the last put is the last in order
        else:
            self._clean.pop(key, None)
            self._encoded.pop(key, None)
        self._changed[key] = state
        if len(self._changed) > _IN_USE:
            self._encode_oldest()

    def _encode_oldest(self) -> None:
        key = next(iter(self._changed))
        state = self._changed.pop(key)
        if state is None:
            self._encoded[key] = None
        else:
            self._encoded[key] = self._encode(state)
            self._clean[key] = state

    def _read(self, key: str) -> S | None:
        self.misses += 1
        value = self._stored(key)
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
        value = self._stored(key)
        return None if value is None else self._decode(value)

    def _stored(self, key: str) -> bytes | None:
        return self._encoded[key] if key in self._encoded else self._store.get(key)

    def _evict(self) -> None:
        excess = self.cached - self._cache_entries
        for _ in range(min(excess, len(self._clean))):
            self._clean.popitem(last=False)
