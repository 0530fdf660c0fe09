"""Summaries: what several of an entity's events come to, where running totals can't tell it."""

import struct
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple, TypeAlias

from operators.features.sketch import Sketch

Summarise: TypeAlias = Callable[[Sequence[bytes], Sequence[int]], bytes]
"""(summaries, further values) -> the summary of them all."""

_AMOUNTS: Final = struct.Struct("<qqq16s24s")


class Amounts(NamedTuple):
    """How many there are, extremes, and exact totals of amounts and of their squares."""

    number: int
    least: int
    greatest: int
    total: int
    squares: int

    @classmethod
    def of(cls, amount: int) -> "Amounts":
        """A single one's."""
        return cls(1, amount, amount, amount, amount * amount)

    def encode(self) -> bytes:
        """64 bytes."""
        return _AMOUNTS.pack(
            self.number, self.least, self.greatest,
            self.total.to_bytes(16, "little", signed=True), self.squares.to_bytes(24, "little"),
        )  # fmt: skip

    @classmethod
    def decode(cls, summary: bytes) -> "Amounts":
        """The inverse of `encode`."""
        number, least, greatest, total, squares = _AMOUNTS.unpack(summary)
        return cls(
            number, least, greatest, int.from_bytes(total, "little", signed=True), int.from_bytes(squares, "little")
        )


def summarise_amounts(summaries: Sequence[bytes], amounts: Sequence[int]) -> bytes:
    """As `Amounts`."""
    parts = [Amounts.decode(summary) for summary in summaries]
    parts += [Amounts.of(amount) for amount in amounts]
    numbers, least, greatest, totals, squares = zip(*parts, strict=True)
    return Amounts(sum(numbers), min(least), max(greatest), sum(totals), sum(squares)).encode()


def summarise_identities(summaries: Sequence[bytes], fingerprints: Sequence[int]) -> bytes:
    """As a `Sketch`."""
    sketch = Sketch()
    for summary in summaries:
        sketch.unite(summary)
    for fingerprint in fingerprints:
        sketch.add(fingerprint)
    return sketch.encode()
