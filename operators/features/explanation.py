"""What the features of one event are made of: the events of each window, from the log itself, and what they give."""

from collections.abc import Iterator, Mapping, Sequence
from math import isclose, isnan
from typing import Final, NamedTuple

from contracts.events import Event, Label
from operators.durations import parse_duration
from operators.features.by_definition import Listed, matches, reckon, reckon_expression
from operators.features.definition import Feature, FeatureFile
from operators.features.entity import entity_fields, named_by
from operators.features.plan import GAP_WINDOW
from operators.settling import UNKNOWN, lateness

_RELATIVE: Final = 1e-9
"""What floating point may lose."""


class Explanation(NamedTuple):
    """One value, what it is made of, and what the engine made of it."""

    name: str
    feature: Feature
    identifier: str
    """Of the entity; empty where the event names none."""
    after: int | None
    through: int
    """The window's events lie after the one and up to the other (epoch ms); None: from the first event on."""
    listed: tuple[Listed, ...]
    """Oldest first."""
    value: float
    """By the definition, from what is listed."""
    reckoning: str
    engine: float

    @property
    def agrees(self) -> bool:
        """Whether the engine's value is that of the listed events."""
        return isclose(self.value, self.engine, rel_tol=_RELATIVE) or (isnan(self.value) and isnan(self.engine))


class _Seen(NamedTuple):
    event: Event
    before: bool
    """It came before the explained event, or is this itself."""
    late: bool


class Evidence:
    """Of a log, what can be part of one event's features; nothing else is kept."""

    def __init__(self, file: FeatureFile, event: Event) -> None:
        self._file = file
        self._event = event
        entities = sorted({feature.entity for feature in file.features} - {"event"})
        self._identifiers = {entity: names for entity in entities if (names := _names(event, entity))}
        bounds = [_bounds(feature, window, file.settle) for feature in file.features for window in _windows(feature)]
        self._oldest = event.event_time - max((delay + size for delay, size in bounds if size), default=0)
        self._seen: list[_Seen] = []
        self._firsts: list[_Seen] = []
        """Those earlier than all of their entity's before them."""
        self._first: dict[str, int] = {}
        self._labels: dict[tuple[str, str], list[Label]] = {}
        self._latest = UNKNOWN
        self._passed = False

    def add(self, event: Event) -> None:
        """One more event: in the order of the log, without duplicates, the explained one among them."""
        time = event.event_time
        seen = _Seen(event, not self._passed, time < self._latest - lateness(self._file.settle))
        self._latest = max(self._latest, time)
        self._passed = self._passed or _key(event) == _key(self._event)
        shared = [entity for entity, names in self._identifiers.items() if _names(event, entity) == names]
        if not shared or time > self._event.event_time:
            return
        if time > self._oldest:
            self._seen.append(seen)
            self._labels.setdefault(_key(event), [])
        for entity in shared:
            if time < self._first.get(entity, time + 1):
                self._first[entity] = time
                self._firsts.append(seen)

    def add_label(self, label: Label) -> None:
        """One more label, after all events; of any event."""
        known = self._labels.get(_key(label))
        if known is not None:
            known.append(label)

    def explanations(self, engine: Sequence[float]) -> Iterator[Explanation]:
        """Each feature in the order of the feature set, of which `engine` is the vector."""
        declared = [(feature, window) for feature in self._file.features for window in _windows(feature)]
        reckoned: dict[str, float] = {}
        for (feature, window), value in zip(declared, engine, strict=True):
            explained = self._explain(feature, window, value, reckoned)
            reckoned[explained.name] = explained.value
            yield explained

    def _explain(self, feature: Feature, window: str, engine: float, reckoned: Mapping[str, float]) -> Explanation:
        delay, size = _bounds(feature, window, self._file.settle)
        through = self._event.event_time - delay
        after = through - size if size else None
        listed = self._listed(feature, after, through)
        if feature.expression:
            value, reckoning = reckon_expression(feature.expression, reckoned)
        else:
            value, reckoning = reckon(feature, listed, self._event)
        name = feature.name.replace("{window}", window)
        identifier = " + ".join(self._identifiers.get(feature.entity, ()))
        return Explanation(name, feature, identifier, after, through, tuple(listed), value, reckoning, engine)

    def _listed(self, feature: Feature, after: int | None, through: int) -> list[Listed]:
        if feature.entity == "event":
            return [Listed(self._event, True, False, None, ())]
        names = self._identifiers.get(feature.entity)
        found = [
            seen
            for seen in (self._firsts if after is None else self._seen)
            if (after is None or seen.event.event_time > after)
            and seen.event.event_time <= through
            and _names(seen.event, feature.entity) == names
            and (seen.before or not _own(feature))
        ]
        found.sort(key=lambda seen: seen.event.event_time)
        return [self._list(feature, seen) for seen in (found[:1] if after is None else found)]

    def _list(self, feature: Feature, seen: _Seen) -> Listed:
        labels: list[Label] = []
        if feature.label:
            labels = sorted(self._labels[_key(seen.event)], key=lambda label: label.label_time)
        known = [label for label in labels if label.label_time <= self._event.event_time - self._file.settle]
        return Listed(seen.event, matches(feature, seen.event), seen.late, known[-1] if known else None, tuple(labels))


def _key(record: Event | Label) -> tuple[str, str]:
    return record.user_id, record.event_id


def _windows(feature: Feature) -> list[str]:
    return feature.windows or [""]


def _names(event: Event, entity: str) -> tuple[str, ...]:
    return named_by(event, entity_fields(entity))


def _own(feature: Feature) -> bool:
    """Of the user's own events as they come; every other window waits until it is settled."""
    return feature.entity in ("event", "user") and feature.label is None


def _bounds(feature: Feature, window: str, settle: int) -> tuple[int, int]:
    """How long (ms) before the event its window ends, and how long it is; 0: without a beginning."""
    settle = 0 if _own(feature) else settle
    if feature.aggregate in ("gap", "changed"):
        return max(settle, 1), GAP_WINDOW
    return max(feature.delay, settle), parse_duration(window) if window else 0
