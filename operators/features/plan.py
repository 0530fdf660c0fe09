"""A plan: how one entity's features are kept up to date and read, compiled from their definitions."""

from collections.abc import Iterable, Sequence
from typing import Final

from operators.features.definition import Where
from operators.features.entity import entity_fields
from operators.features.labelling import Labelling
from operators.features.labels import Entered, LabelColumns, Outcome
from operators.features.measure import Measure, WindowedFeature
from operators.features.panes import Panes
from operators.features.program import appending, extraction, identification, reading
from operators.features.readers import Reader, reader
from operators.features.summaries import Summarise
from operators.features.window import Window, pane_bits
from operators.ring import ABSENT, Ring

SLACK: Final = 86_400_000
"""So much longer (ms) than its windows need a user's events are kept: one that is late by less still finds them, a
duplicate is known, and a label finds its event where its partition lags behind."""


class EntityPlan:
    """Columns, windows and readers for one kind of entity.

    The user's own plan (`settle` None) reads events as they come and writes its features to their slots of the whole
    vector, any other to a list of its own. A settled entity's window is read up to `settle` ms before the event, or up
    to its own delay if that is longer. The latest `most` events of an entity are kept one by one.
    """

    def __init__(
        self,
        kind: str,
        features: Sequence[tuple[int, WindowedFeature]],
        settle: int | None,
        most: int,
        horizon: int = 0,
        labelled: Iterable["EntityPlan"] = (),
    ) -> None:
        self.kind = kind
        self.slots = tuple(slot for slot, _ in features)
        self.settle = settle or 0
        self._measures: list[Measure] = []
        self._summarised: dict[int, Summarise] = {}
        owned = settle is None
        self.id_column = self.column(Measure("event_id", Where(), False)) if owned else None
        self.labelling = Labelling(self, list(labelled))
        windows: dict[Window, list[tuple[int, Reader]]] = {}
        for number, (slot, feature) in enumerate(features):
            windows.setdefault(feature.window(self.settle), []).append(
                (slot if owned else number, reader(feature, self, number))
            )
        self.horizon = max([horizon, *(window.reach for window in windows)]) + (SLACK if owned else 0)
        self._kept = self.horizon + (1 << pane_bits(self.horizon))
        """What lies in the pane where the longest window begins is kept, too."""
        self.reach = min((window.delay for window in windows), default=self.settle)
        """A read at t looks at events up to t minus this (ms)."""
        self.ageless = all(feature.aggregate != "age" for _, feature in features)
        """No feature asks when an entity was first seen."""
        self.wait = self.settle if any(feature.label for _, feature in features) else self.reach
        """A read at t waits until every watermark has passed t minus this (ms)."""
        self.cumulative = tuple(measure.cumulative for measure in self._measures)
        self.identify = identification(entity_fields(kind))
        self.extract = extraction(self._measures)
        self._append = appending(self.cumulative)
        self.read = reading(windows.items(), len(self.cumulative), self.reach, most)
        edges = {edge for window in windows for edge in (window.delay, window.reach) if edge > self.reach}
        self._most = most
        self._panes = Panes(edges, most, self._summarised)
        self.labels = LabelColumns(self._measures)

    def column(self, measure: Measure, summarise: Summarise | None = None) -> int:
        """The number of the column that holds `measure`, made if it's new; `summarise` says what is kept of a raw one's
        merged values, besides the latest."""
        if measure not in self._measures:
            self._measures.append(measure)
        number = self._measures.index(measure)
        if summarise:
            self._summarised[number] = summarise
        return number

    def new_ring(self) -> Ring:
        """An entity's state before its first event."""
        return Ring(self.cumulative)

    def absent(self) -> list[float]:
        """The features of an event that names no such entity."""
        return self.answer(self.new_ring(), 0, [ABSENT] * len(self.cumulative), 0)[0]

    def insert(self, ring: Ring, time: int, values: Sequence[int]) -> None:
        """Place an event by its time."""
        if ring.times and time >= ring.times[-1]:
            self._append(ring, time, values)
        else:
            ring.insert(time, values)

    def trim(self, ring: Ring, now: int, settled: int) -> None:
        """Let go of what no window holds any more and merge what lies before the latest events, many at a time.

        No read to come is before `now`; what lies before the latest events up to `settled`, no later, is merged.
        """
        if ring.times[0] <= now - self._kept:
            ring.trim(now - self._kept)
        if len(ring.times) > self._most:
            self._panes.merge(ring, settled - self.reach, settled, now - self._kept)

    def answer(
        self, ring: Ring, time: int, values: Sequence[int], watermark: int
    ) -> tuple[list[float], tuple[int, ...]]:
        """The features at event time `time`, in the order of `slots`, and the numbers of those that are capped.

        `values` are the event's own. No event to come is older than the watermark.
        """
        features = [0.0] * len(self.slots)
        undo: list[Entered] = []
        if ring.recent_labels:
            undo = self.labels.enter_known(ring, time - self.settle, watermark - self.settle)
        capped = self.read(ring, time, values, features)
        for entered in undo:
            self.labels.enter(ring, *entered)
        return features, capped

    def label(self, ring: Ring, time: int, label: Outcome, label_time: int) -> bool:
        """Note what became known of an event at `time`. False: there is none any more."""
        if ring.find(time) is None:
            return False
        self.labels.note(ring, label_time, time, label)
        return True
