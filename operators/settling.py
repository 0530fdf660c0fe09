"""Watermarks: how far in event time every input has come."""

from typing import Final

UNKNOWN: Final = -(2**62)
"""The watermark of an input that has not spoken yet."""

ABSENT_INPUT: Final = 2**62
"""The watermark of an input that doesn't count: idle at its end, or finished."""


class Watermarks:
    """The watermarks of a fixed number of inputs, in epoch ms: no more events before it are expected."""

    def __init__(self, inputs: int) -> None:
        self._marks = [UNKNOWN] * inputs
        self._minimum: int | None = UNKNOWN
        self.greatest = UNKNOWN
        """The greatest that any input has told, idle or not."""

    def update(self, number: int, watermark: int) -> None:
        """Note one input's watermark; an input may go back when it speaks again after being idle."""
        self._marks[number] = watermark
        self._minimum = None
        if self.greatest < watermark != ABSENT_INPUT:
            self.greatest = watermark

    @property
    def minimum(self) -> int:
        """The least of all."""
        if self._minimum is None:
            self._minimum = min(self._marks)
        return self._minimum


def lateness(settle: int) -> int:
    """How far (ms) a partition's events may be out of order without being late: half of what settling waits anyway."""
    return settle // 2
