"""Idle entities are forgotten one at a time: no batch pays for all of them, and no state lives for ever."""

from collections.abc import Callable
from typing import Final, TypeVar

from dataflows.state import CachedStates

S = TypeVar("S")

_AT_ONCE: Final = 1
"""Entries of a key group that are looked at with a batch."""


def sweep(states: CachedStates[S], rest: Callable[[str, S], S | None]) -> None:
    """Keep of the next few entries what `rest` says: the same object, a smaller one, or None for nothing."""
    for key, state in states.sweep(_AT_ONCE):
        kept = rest(key, state)
        if kept is not state:
            states.delete(key)
            if kept is not None:
                states.put(key, kept)
