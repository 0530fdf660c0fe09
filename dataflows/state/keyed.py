"""States that are one record each."""

from collections.abc import Callable
from typing import TypeVar

from dataflows.state.cached import CachedStates
from dataflows.state.store import GroupStore

S = TypeVar("S")


class KeyedState(CachedStates[S]):
    """A step's states by key; a snapshot writes each one that changed as a whole."""

    def __init__(
        self, store: GroupStore, encode: Callable[[S], bytes], decode: Callable[[bytes], S], cache_entries: int
    ) -> None:
        super().__init__(store, cache_entries)
        self._encode = encode
        self._decode = decode

    def _write(self, key: str, state: S) -> None:
        self._records[key] = self._encode(state)

    def _load(self, key: str) -> S | None:
        record = self._record(key)
        return None if record is None else self._decode(record)

    def _erase(self, key: str) -> None:
        self._records[key] = None

    def _stored_keys(self) -> list[str]:
        return self._store.keys()
