"""What a feature is over one window, and what a column of a ring holds for it."""

from typing import NamedTuple

from operators.features.definition import Where
from operators.features.window import Window


class WindowedFeature(NamedTuple):
    """One feature over one window."""

    name: str
    entity: str
    aggregate: str
    field: str | None
    window: Window
    where: Where
    label: str | None
    expression: str | None = None


class Measure(NamedTuple):
    """What one column of a ring holds of each event that matches `where`.

    `field` is an event field (a raw column of amounts, fingerprints or times) or two of them joined by `+`, or `1` (the
    event itself), `has_amount`, or `labelled`: whether it has the label named.
    """

    field: str
    where: Where
    cumulative: bool
    label: str = ""
