"""How far every source partition has come in event time, seen by all processes of a flow.

A file in the state directory, mapped into each process, holds one signed 64-bit slot per partition. Each slot has one
writer, and an aligned 8-byte store is atomic on every platform that the engine runs on, so there are no locks; a reader
may be a moment behind, which only makes it wait a little longer.
"""

import mmap
from pathlib import Path
from typing import Final

UNKNOWN: Final = 0
"""A partition that has not spoken since the start. It holds all others back, for it may yet be the oldest."""

IDLE: Final = 2**63 - 1
"""A partition that is at its end, for now or for good. It holds nobody back."""

_SLOT: Final = 8


class SharedSlots:
    """`size` 64-bit integers, 0 at first."""

    def __init__(self, path: Path, size: int) -> None:
        """Open the file, or make it. All processes must name the same `size`."""
        with path.open("ab") as file:
            file.truncate(size * _SLOT)
        with path.open("r+b") as file:
            self._slots = memoryview(mmap.mmap(file.fileno(), size * _SLOT)).cast("q")

    @staticmethod
    def reset(path: Path) -> None:
        """Forget what earlier processes wrote. Only while none runs."""
        path.unlink(missing_ok=True)

    def set(self, slot: int, value: int) -> None:
        """Publish a value."""
        self._slots[slot] = value

    def get(self, slot: int) -> int:
        """What a slot holds."""
        return self._slots[slot]

    def values(self) -> list[int]:
        """What every slot holds."""
        return self._slots.tolist()


class WatermarkBoard(SharedSlots):
    """The frontiers, in epoch milliseconds above 0, of `size` source partitions."""

    def minimum(self) -> int:
        """The frontier that every partition has passed: UNKNOWN until all have spoken, IDLE where all are idle."""
        return min(self._slots)
