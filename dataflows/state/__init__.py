"""Keyed state outside the engine: objects in a cache, bytes in an embedded store per key group, versions in both hands.

The engine snapshots a group's version number alone; on resume the group is rolled back to the number it is given.
"""

from dataflows.state.blockwise import BlockwiseState
from dataflows.state.cached import CachedStates
from dataflows.state.directory import StateDirectory
from dataflows.state.errors import StateDamagedError, StateError, StateLockedError, StateLostError
from dataflows.state.keyed import KeyedState
from dataflows.state.store import GroupStore

__all__ = [
    "BlockwiseState",
    "CachedStates",
    "GroupStore",
    "KeyedState",
    "StateDamagedError",
    "StateDirectory",
    "StateError",
    "StateLockedError",
    "StateLostError",
]
