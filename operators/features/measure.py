"""What a feature is over one window, and what a column of a ring holds for it."""

from collections.abc import Callable
from typing import NamedTuple

from contracts.events import Event
from contracts.keys import fingerprint
from operators.features.definition import Where
from operators.ring import ABSENT


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


class Measure(NamedTuple):
    """What one column of a ring holds of each event that matches `where`.

    `field` is an event field (a raw column of amounts or fingerprints), or `1` (the event itself), `has_amount`, or
    `labelled`: whether it has the label named.
    """

    field: str
    where: Where
    cumulative: bool
    label: str = ""

    def extractor(self) -> Callable[[Event], int]:
        """A function from an event to its value in this column."""
        take = self._value()
        conditions = [(name, frozenset(allowed)) for name, allowed in self.where if allowed is not None]
        if not conditions:
            return take
        missing = 0 if self.cumulative else ABSENT

        def extract(event: Event) -> int:
            for name, allowed in conditions:
                if getattr(event, name) not in allowed:
                    return missing
            return take(event)

        return extract

    def _value(self) -> Callable[[Event], int]:
        field = self.field
        missing = 0 if self.cumulative else ABSENT
        if field == "labelled":
            return lambda event: 0
        if field == "1":
            return lambda event: 1
        if field == "has_amount":
            return lambda event: int(event.amount is not None)  # msgpack tells True from 1
        if field == "amount":
            return lambda event: missing if event.amount is None else event.amount

        def identifier(event: Event) -> int:
            text: str = getattr(event, field)
            return fingerprint(text) if text else ABSENT

        return identifier
