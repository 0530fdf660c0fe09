"""Labels: what becomes known of an entity's events, and when.

A read at t sees what was known `settle` before t, and reads may come out of order. So a label enters the ring's columns
for good once no read to come is older than it; until then, each read that knows it enters it for itself.
"""

from bisect import bisect_right, insort
from collections.abc import Sequence
from operator import itemgetter
from typing import Final

from operators.features.measure import Measure
from operators.ring import Ring

NONE: Final = -1
"""The number of a label that no feature asks for."""

_LABEL_TIME: Final = itemgetter(0)


class LabelColumns:
    """The columns of a ring that hold labels; `names` are the labels that any feature asks for."""

    def __init__(self, measures: Sequence[Measure]) -> None:
        held = [(column, measure) for column, measure in enumerate(measures) if measure.field == "labelled"]
        self.names = sorted({measure.label for _, measure in held})
        self._columns = [
            (self.names.index(measure.label), measures.index(measure._replace(field="1", label="")), column)
            for column, measure in held
        ]

    def note(self, ring: Ring, label_time: int, time: int, event_id: int, label: str) -> None:
        """Keep what became known at `label_time` of the event at `time` until it is entered."""
        number = self.names.index(label) if label in self.names else NONE
        insort(ring.recent_labels, (label_time, time, event_id, number), key=_LABEL_TIME)

    def enter_known(self, ring: Ring, ids: Sequence[int], known: int, settled: int) -> list[tuple[int, int]]:
        """Enter what became known up to `known`: for good up to `settled`, else to be undone.

        Gives (index, label) to be entered again, in order, to undo it. `ids` is the ring's column of event ids.
        """
        recent = ring.recent_labels
        count = bisect_right(recent, known, key=_LABEL_TIME)
        kept = bisect_right(recent, settled, 0, count, key=_LABEL_TIME)
        before = []
        for number, (_, time, event_id, label) in enumerate(recent[:count]):
            index = find(ring, ids, event_id, time)
            if index is not None:
                replaced = self.enter(ring, index, label)
                if number >= kept:
                    before.append((index, replaced))
        if kept:
            ring.labelled_through = max(ring.labelled_through, recent[kept - 1][0])
            del recent[:kept]
        return before[::-1]

    def enter(self, ring: Ring, index: int, label: int) -> int:
        """Let the event at `index` have this label, by its number; the number of the one that it had."""
        replaced = NONE
        for number, matching, labelled in self._columns:
            marks, matches = ring.columns[labelled], ring.columns[matching]
            marked = marks[index + 1] - marks[index]
            if marked:
                replaced = number
            ring.add(labelled, index, (matches[index + 1] - matches[index] if number == label else 0) - marked)
        return replaced


def find(ring: Ring, ids: Sequence[int], event_id: int, time: int) -> int | None:
    """The index of the event at `time` with this id, or None where there is none or it is merged."""
    low, high = ring.bounds(time, 0, 1)
    return next((index for index in range(max(low, ring.merged), high) if ids[index] == event_id), None)
