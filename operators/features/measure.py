"""What a feature is over one window, and what a column of a ring holds for it."""

from typing import NamedTuple

from operators.features.definition import Where
from operators.features.window import Window, window_of


class WindowedFeature(NamedTuple):
    """One feature over one window; `size` and `delay` in ms."""

    name: str
    entity: str
    aggregate: str
    field: str | None
    size: int
    delay: int
    where: Where
    label: str | None
    expression: str | None = None

    def window(self, settle: int) -> Window:
        """Its window in a plan that settles so long (ms)."""
        return window_of(self.aggregate, self.size, self.delay, settle)


class Measure(NamedTuple):
    """What one column of a ring holds of each event that matches `where`.

    `field` is an event field (a raw column of amounts, fingerprints or times) or two of them joined by `+`, or `1` (the
    event itself), `has_amount`, `label` (the one that it has, by number), or `labelled`: whether it has the one named.
    """

    field: str
    where: Where
    cumulative: bool
    label: str = ""
