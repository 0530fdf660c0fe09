"""Steps with state: the engine's side of a key group."""

from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from bytewax.operators import StatefulBatchLogic


class _OfGroup(Protocol):
    group: int


P = TypeVar("P", bound=_OfGroup)
W = TypeVar("W")
V = TypeVar("V")
V_co = TypeVar("V_co", covariant=True)


class Part(Protocol[P, W, V_co]):
    """One key group of a step, over its durable state."""

    def take(self, packs: list[P]) -> list[W]:
        """Take in packs, in order; what goes downstream."""

    def snapshot(self) -> V_co:
        """Make durable what has changed; the version to come back to."""


class GroupLogic(StatefulBatchLogic[P, W, tuple[int, V]], Generic[P, W, V]):
    """Opens a group's part when its first pack comes, or from a snapshot: the engine doesn't tell a logic its key."""

    def __init__(self, open_part: Callable[[int, V | None], Part[P, W, V]], resumed: tuple[int, V] | None) -> None:
        self._open = open_part
        self._part = open_part(*resumed) if resumed else None
        self._group = resumed[0] if resumed else None

    def on_batch(self, values: list[P]) -> tuple[list[W], bool]:
        if self._part is None:
            self._group = values[0].group
            self._part = self._open(values[0].group, None)
        return self._part.take(values), StatefulBatchLogic.RETAIN

    def snapshot(self) -> tuple[int, V]:
        assert self._part is not None
        assert self._group is not None, "a group is snapshotted after its first pack"
        return self._group, self._part.snapshot()
