"""A plan: how one entity's features are kept up to date and read, compiled from their definitions."""

from collections.abc import Iterable, Sequence
from typing import Final

from operators.features.definition import Where
from operators.features.entity import entity_fields
from operators.features.labels import LabelColumns, find
from operators.features.measure import Measure, WindowedFeature
from operators.features.program import appending, extraction, identification, reading
from operators.features.readers import reader
from operators.ring import ABSENT, Ring

GAP_WINDOW: Final = 30 * 86_400_000
"""How far back `gap` and `changed` look, in ms."""

SLACK: Final = 86_400_000
"""So much longer (ms) than its windows need a user's events are kept: one that is late by less still finds them, a
duplicate is known, and a label finds its event where its partition lags behind."""


class EntityPlan:
    """Columns, windows and readers for one kind of entity.

    The user's own plan (`settle` None) reads events as they come and writes its features to their slots of the whole
    vector, any other to a list of its own. A settled entity's window is read up to `settle` ms before the event, or up
    to its own delay if that is longer.
    """

    def __init__(
        self,
        kind: str,
        features: Sequence[tuple[int, WindowedFeature]],
        settle: int | None,
        horizon: int = 0,
        links: Iterable[str] = (),
    ) -> None:
        self.kind = kind
        self.slots = tuple(slot for slot, _ in features)
        self.settle = settle or 0
        self._measures: list[Measure] = []
        owned = settle is None
        labelled = any(feature.label for _, feature in features)
        self.id_column = self.column(Measure("event_id", Where(), False)) if owned or labelled else None
        self.links = {
            link: self.column(Measure("+".join(entity_fields(link)), Where(), False))
            for link in links
            if link != "user"
        }
        windows: dict[tuple[int, int], list[tuple[int, str]]] = {}
        for number, (slot, feature) in enumerate(features):
            size, delay = self._window(feature)
            windows.setdefault((delay, size), []).append((slot if owned else number, reader(feature, self, number)))
        self.horizon = max([horizon, *(delay + size for delay, size in windows)]) + (SLACK if owned else 0)
        self.reach = min((delay for delay, _ in windows), default=self.settle)
        """A read at t looks at events up to t minus this (ms)."""
        self.ageless = all(feature.aggregate != "age" for _, feature in features)
        """No feature asks when an entity was first seen."""
        self.wait = self.settle if labelled else self.reach
        """A read at t waits until every watermark has passed t minus this (ms)."""
        self.cumulative = tuple(measure.cumulative for measure in self._measures)
        self.identify = identification(entity_fields(kind))
        self.extract = extraction(self._measures)
        self._append = appending(self.cumulative)
        self.read = reading([(*window, found) for window, found in windows.items()], len(self.cumulative), self.reach)
        self.labels = LabelColumns(self._measures)

    def column(self, measure: Measure) -> int:
        """The number of the column that holds `measure`, made if it's new."""
        if measure not in self._measures:
            self._measures.append(measure)
        return self._measures.index(measure)

    def _window(self, feature: WindowedFeature) -> tuple[int, int]:
        if feature.aggregate in ("gap", "changed"):
            return GAP_WINDOW, max(self.settle, 1)
        return feature.size, max(feature.delay, self.settle)

    def new_ring(self) -> Ring:
        """An entity's state before its first event."""
        return Ring(self.cumulative)

    def absent(self) -> list[float]:
        """The features of an event that names no such entity."""
        return self.answer(self.new_ring(), 0, [ABSENT] * len(self.cumulative), 0)

    def insert(self, ring: Ring, time: int, values: Sequence[int]) -> None:
        """Place an event by its time."""
        if ring.times and time >= ring.times[-1]:
            self._append(ring, time, values)
        else:
            ring.insert(time, values)

    def answer(self, ring: Ring, time: int, values: Sequence[int], watermark: int) -> list[float]:
        """The features at event time `time`, in the order of `slots`; `values` are the event's own.

        No event to come is older than the watermark.
        """
        features = [0.0] * len(self.slots)
        undo: list[tuple[int, int]] = []
        if ring.recent_labels and self.id_column is not None:
            ids = ring.columns[self.id_column]
            undo = self.labels.enter_known(ring, ids, time - self.settle, watermark - self.settle)
        self.read(ring, time, values, features)
        for index, label in undo:
            self.labels.enter(ring, index, label)
        return features

    def label(self, ring: Ring, time: int, event_id: int, label: str, label_time: int) -> bool:
        """Note what became known of the event at `time`; a new label replaces the old. False: no such event."""
        if self.id_column is None or find(ring, ring.columns[self.id_column], event_id, time) is None:
            return False
        self.labels.note(ring, label_time, time, event_id, label)
        return True
