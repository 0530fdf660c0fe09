"""Labels: what becomes known of an entity's events, and when.

A read at t sees what was known `settle` before t, and reads may come out of order. So a label enters the ring's columns
for good once no read to come is older than it; until then, each read that knows it enters it for itself. The user's
step, which still has the event, tells which label it replaces and which features look at the event: whether the event
has been merged makes no difference.
"""

from bisect import bisect_right, insort
from collections.abc import Sequence
from operator import itemgetter
from typing import Final, NamedTuple, TypeAlias

from operators.features.measure import Measure
from operators.ring import Ring

NONE: Final = -1
"""The number of a label that no feature asks for."""

_LABEL_TIME: Final = itemgetter(0)

Entered: TypeAlias = tuple[int, int, int, int]
"""(index, label, the one before, what the event matches)."""


class Outcome(NamedTuple):
    """What became known of an event: its label and the one that this replaces, empty where no feature asks for it, and
    as bits which of the features over labels look at the event."""

    label: str
    replaced: str
    matches: int


class LabelColumns:
    """The columns of a ring that hold labels: `names` are those that any feature asks for, `wheres` say of each column
    which events it looks at."""

    def __init__(self, measures: Sequence[Measure]) -> None:
        held = [(column, measure) for column, measure in enumerate(measures) if measure.field == "labelled"]
        self.names = sorted({measure.label for _, measure in held})
        self.wheres = [measure.where for _, measure in held]
        self._columns = [(1 << bit, self.names.index(one.label), column) for bit, (column, one) in enumerate(held)]

    def note(self, ring: Ring, label_time: int, time: int, outcome: Outcome) -> None:
        """Keep what became known at `label_time` of the event at `time` until it is entered."""
        numbers = self._number(outcome.label), self._number(outcome.replaced)
        insort(ring.recent_labels, (label_time, time, *numbers, outcome.matches), key=_LABEL_TIME)

    def enter_known(self, ring: Ring, known: int, settled: int) -> list[Entered]:
        """Enter what became known up to `known`: for good up to `settled`, else to be undone.

        Gives what is to be entered to undo it.
        """
        recent = ring.recent_labels
        count = bisect_right(recent, known, key=_LABEL_TIME)
        kept = bisect_right(recent, settled, 0, count, key=_LABEL_TIME)
        undo = []
        for number, (_, time, label, replaced, matches) in enumerate(recent[:count]):
            index = ring.find(time)
            if index is not None:
                self.enter(ring, index, label, replaced, matches)
                if number >= kept:
                    undo.append((index, replaced, label, matches))
        if kept:
            ring.labelled_through = max(ring.labelled_through, recent[kept - 1][0])
            del recent[:kept]
        return undo

    def enter(self, ring: Ring, index: int, label: int, replaced: int, matches: int) -> None:
        """Let an event at `index` have this label in place of the other, by their numbers."""
        for bit, number, column in self._columns:
            if matches & bit and (change := (number == label) - (number == replaced)):
                ring.add(column, index, change)

    def _number(self, label: str) -> int:
        return self.names.index(label) if label in self.names else NONE
