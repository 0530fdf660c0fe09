"""What the features of one event are made of: the events of each window, from the log itself, and what they give."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from math import isclose, isnan
from typing import Final, NamedTuple

from contracts.events import Event, Label
from operators.features.by_definition import Listed, matches, reckon, reckon_expression
from operators.features.definition import Feature, FeatureFile
from operators.features.entity import entity_fields, named_by
from operators.features.expression import parts
from operators.features.window import Window, pane_start

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
    capped: bool
    """It rests on more events than are kept one by one, or on the latest of them."""
    engine: float
    engine_capped: bool

    @property
    def agrees(self) -> bool:
        """Whether the engine's value is that of the listed events, and told to be capped where it is."""
        return self.capped == self.engine_capped and (
            isclose(self.value, self.engine, rel_tol=_RELATIVE) or (isnan(self.value) and isnan(self.engine))
        )


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
        self._spans = [(feature, span) for feature in file.features for span in feature.spans(file.settle)]
        edges = [span.reach for _, span in self._spans if span.size]
        self._oldest = min((pane_start(event.event_time - edge, edge) for edge in edges), default=event.event_time)
        self._ages = any(feature.aggregate == "age" for feature in file.features)
        self._seen: list[_Seen] = []
        self._firsts: list[_Seen] = []
        """Those earlier than all of their entity's before them."""
        self._first: dict[str, int] = {}
        self._labels: dict[tuple[str, str], list[Label]] = {}
        self._passed = False

    def concerns(self, event: Event) -> bool:
        """Whether it may be part of the features, or keep another from being."""
        recent = self._ages or event.event_time > self._oldest
        return (recent and bool(self._shared(event))) or _key(event) == _key(self._event)

    def _shared(self, event: Event) -> list[str]:
        return [entity for entity, names in self._identifiers.items() if _names(event, entity) == names]

    def add(self, event: Event, late: bool) -> None:
        """One more event: in the order of the log, without duplicates, the explained one among them."""
        time = event.event_time
        seen = _Seen(event, not self._passed, late)
        self._passed = self._passed or _key(event) == _key(self._event)
        shared = self._shared(event)
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

    def explanations(self, engine: Sequence[float], capped: Collection[str]) -> Iterator[Explanation]:
        """Each feature in the order of the feature set, of which `engine` is the vector and `capped` the names of those
        that the engine says are capped."""
        names = [name for feature in self._file.features for name in feature.names]
        told: dict[str, Explanation] = {}
        for name, (feature, span), value in zip(names, self._spans, engine, strict=True):
            if feature.expression:
                told[name] = self._explain_expression(name, feature, told, value, name in capped)
            else:
                told[name] = self._explain(name, feature, span, value, name in capped)
            yield told[name]

    def _explain_expression(
        self, name: str, feature: Feature, told: Mapping[str, Explanation], engine: float, engine_capped: bool
    ) -> Explanation:
        expression, moment = feature.expression or "", self._event.event_time
        value, reckoning = reckon_expression(expression, {part: one.value for part, one in told.items()})
        capped = any(told[part].capped for part in parts(expression) if part in told)
        listed = (Listed(self._event, True, False, None, ()),)
        return Explanation(name, feature, "", moment, moment, listed, value, reckoning, capped, engine, engine_capped)

    def _explain(self, name: str, feature: Feature, span: Window, engine: float, engine_capped: bool) -> Explanation:
        known = self._known(feature)
        latest = known[-self._file.max_events :]
        after, through, beyond = self._bounds(feature, span, known, latest)
        counting = latest if beyond and feature.aggregate == "same" else known
        inside = [
            seen
            for seen in counting
            if (after is None or after < seen.event.event_time) and seen.event.event_time <= through
        ]
        listed = tuple(self._list(feature, seen) for seen in (inside[:1] if after is None else inside))
        value, reckoning = reckon(feature, listed, self._event, estimated=beyond)
        capped = beyond and self._rests_on_older(feature, latest, through)
        identifier = " + ".join(self._identifiers.get(feature.entity, ()))
        return Explanation(
            name, feature, identifier, after, through, listed, value, reckoning, capped, engine, engine_capped
        )

    def _bounds(
        self, feature: Feature, span: Window, known: Sequence[_Seen], latest: Sequence[_Seen]
    ) -> tuple[int | None, int, bool]:
        """Where the window begins and ends, and whether it begins before the latest events: then at a pane's edge."""
        through = self._event.event_time - span.delay
        if not span.size:
            return None, through, False
        after = through - span.size
        limit = known[-len(latest) - 1].event.event_time if len(known) > len(latest) else after
        if after >= limit or feature.aggregate == "gap":
            return after, through, False
        return pane_start(after, span.reach), pane_start(through, span.delay) if through < limit else through, True

    def _rests_on_older(self, feature: Feature, latest: Sequence[_Seen], through: int) -> bool:
        if feature.aggregate != "changed":
            return True
        field = feature.field or ""
        compared = matches(feature, self._event) and getattr(self._event, field)
        return bool(compared) and not any(
            matches(feature, seen.event) and getattr(seen.event, field)
            for seen in latest
            if seen.event.event_time <= through
        )

    def _known(self, feature: Feature) -> list[_Seen]:
        """What the entity's ring can hold of it for this event, in order of time."""
        if feature.entity == "event":
            return [_Seen(self._event, True, False)]
        names = self._identifiers.get(feature.entity)
        spans = [span for one, span in self._spans if (one.entity, one.own) == (feature.entity, feature.own)]
        through = self._event.event_time - min(span.delay for span in spans)
        found = [
            seen
            for seen in (self._firsts if feature.aggregate == "age" else self._seen)
            if seen.event.event_time <= through
            and _names(seen.event, feature.entity) == names
            and (seen.before or not feature.own)
        ]
        return sorted(found, key=lambda seen: seen.event.event_time)

    def _list(self, feature: Feature, seen: _Seen) -> Listed:
        labels: list[Label] = []
        if feature.label:
            labels = sorted(self._labels[_key(seen.event)], key=lambda label: label.label_time)
        known = [label for label in labels if label.label_time <= self._event.event_time - self._file.settle]
        return Listed(seen.event, matches(feature, seen.event), seen.late, known[-1] if known else None, tuple(labels))


def _key(record: Event | Label) -> tuple[str, str]:
    return record.user_id, record.event_id


def _names(event: Event, entity: str) -> tuple[str, ...]:
    return named_by(event, entity_fields(entity))
