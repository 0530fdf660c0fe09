"""What an operator asks of keyed state. Where it lies, and how it survives a crash, is the engine side's business."""

from typing import Protocol, TypeVar

S = TypeVar("S")


class States(Protocol[S]):
    """The states of one key group."""

    def get(self, key: str) -> S | None:
        """The state of a key, or None. It may be changed in place and then `put`."""

    def put(self, key: str, value: S) -> None:
        """Keep a new or changed state."""

    def delete(self, key: str) -> None:
        """Forget a key."""


class DictStates(dict[str, S]):
    """States in memory, for offline use and tests."""

    put = dict.__setitem__

    def delete(self, key: str) -> None:
        """Forget a key."""
        self.pop(key, None)
