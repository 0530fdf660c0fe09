"""What a keyed step asks of the store behind one of its key groups."""

from collections.abc import Mapping
from typing import Protocol

ROLLBACK_VERSIONS = 2
"""How many versions before its newest a store can go back to; the engine's durable snapshot is at most one behind."""


class GroupStore(Protocol):
    """The state of one step in one key group, by version: 0 is the empty one, each append makes the next.

    A number is given out once, whatever is rolled back later: the same number always means the same state.
    """

    @property
    def version(self) -> int:
        """The newest version that the store holds."""
        ...

    def get(self, key: str) -> bytes | None:
        """The newest value of a key, None when absent. Raises StateDamagedError."""
        ...

    def keys(self) -> list[str]:
        """All keys that have a value, in no particular order."""
        ...

    def append(self, changes: Mapping[str, bytes | None]) -> int:
        """Write the changed values (None deletes) as the next version, in one atomic write; return its number."""
        ...

    def rollback(self, version: int | None) -> None:
        """Forget everything newer than `version`; None wipes the table. Raises StateLostError where it can't."""
        ...

    def close(self) -> None:
        """Let another process open it."""
        ...
