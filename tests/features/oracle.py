"""A naive reading of feature definitions: each from the whole list of events, by brute force."""

from collections.abc import Callable, Sequence
from math import isfinite, isnan, log1p, nan
from statistics import fmean, pstdev

from contracts.events import AMOUNT_SCALE, Event, Label
from operators.durations import parse_duration
from operators.features.calendar import EVENT_VALUES
from operators.features.definition import Feature, FeatureFile, Where
from operators.features.entity import ENTITY_FIELDS
from operators.features.plan import GAP_WINDOW


def vectors(
    file: FeatureFile, events: Sequence[Event], labels: Sequence[Label], most: int = 10_000
) -> list[list[float]]:
    """The feature vector of every event; `events` in order of arrival, without duplicates, and none late.

    A read looks at the latest `most` events of an entity.
    """
    found = []
    for index in range(len(events)):
        known: dict[str, float] = {}
        for feature in file.features:
            for name, window in zip(feature.names, feature.windows or [""], strict=True):
                size = parse_duration(window) if window else 0
                if feature.expression:
                    known[name] = expression(feature.expression, known)
                else:
                    known[name] = value(feature, size, events, index, labels, file.settle, most)
        found.append(list(known.values()))
    return found


def expression(text: str, known: dict[str, float]) -> float:
    """By Python itself; the tests' expressions divide by nothing but what is unknown or greater than 0."""
    result = eval(text, {"log1p": lambda x: log1p(x) if x > -1 else nan, "coalesce": coalesce, "max": largest}, known)
    return float(result) if isfinite(result) else nan


def coalesce(first: float, second: float) -> float:
    return second if isnan(first) else first


def largest(*values: float) -> float:
    return nan if any(isnan(one) for one in values) else max(values)


def windows(events: Sequence[Event], size: int, horizon: int) -> list[list[Event]]:
    """The window of every event: the latest `size` of its user's that are not after it, of the latest `size` known."""
    known: dict[str, list[Event]] = {}
    found = []
    for event in events:
        recent = [one for one in known.get(event.user_id, []) if one.event_time > event.event_time - horizon]
        found.append([*(one for one in recent if one.event_time <= event.event_time), event][-size:])
        known[event.user_id] = sorted([*recent, event], key=lambda one: one.event_time)[-size:]
    return found


def value(
    feature: Feature, size: int, events: Sequence[Event], index: int, labels: Sequence[Label], settle: int, most: int
) -> float:  # fmt: skip
    """One feature of one event."""
    event = events[index]
    if feature.entity == "event":
        return EVENT_VALUES[feature.field or ""](event)
    own = feature.entity == "user" and feature.label is None
    settle = 0 if own else settle
    known = [one for one in (events[: index + 1] if own else events) if one.event_time <= event.event_time - settle]
    fields = [ENTITY_FIELDS[part] for part in feature.entity.split("+")]
    entity = [getattr(event, field) for field in fields]
    seen = [one for one in known if all(entity) and [getattr(one, field) for field in fields] == entity]
    if feature.aggregate == "age":
        return (event.event_time - min(one.event_time for one in seen)) / 1_000 if seen else 0.0
    seen = sorted(seen, key=lambda one: one.event_time)[-most:]
    end = event.event_time - max(feature.delay, settle)
    if feature.aggregate in ("gap", "changed"):
        end, size = event.event_time - max(settle, 1), GAP_WINDOW
    window = [one for one in seen if end - size < one.event_time <= end]
    matching = [one for one in window if matches(feature.where, one)]
    if feature.aggregate == "rate":
        marked = [one for one in matching if label_of(one, labels, event.event_time - settle) == feature.label]
        return len(marked) / len(matching) if matching else 0.0
    if feature.aggregate == "share":
        return len(matching) / len(window) if window else 0.0
    if feature.aggregate == "gap":
        return (event.event_time - matching[-1].event_time) / 1_000 if matching else nan
    return AGGREGATES[feature.aggregate](feature, matching, event)


def matches(where: Where, event: Event) -> bool:
    return all(allowed is None or getattr(event, name) in allowed for name, allowed in where)


def label_of(event: Event, labels: Sequence[Label], known: int) -> str | None:
    """The latest label that was known by then; of two at the same time the one that came later."""
    given = [one for one in labels if (one.user_id, one.event_id) == (event.user_id, event.event_id)]
    at = sorted((one for one in given if one.label_time <= known), key=lambda one: one.label_time)
    return at[-1].label if at else None


def of_amounts(summary: Callable[[list[int]], float]) -> Callable[[Feature, list[Event], Event], float]:
    def summarise(_: Feature, matching: list[Event], __: Event) -> float:
        amounts = [one.amount for one in matching if one.amount is not None]
        return summary(amounts) / AMOUNT_SCALE if amounts else nan

    return summarise


def changed(feature: Feature, matching: list[Event], event: Event) -> float:
    own = getattr(event, feature.field or "") if matches(feature.where, event) else ""
    before = [given for one in matching if (given := getattr(one, feature.field or ""))]
    return float(bool(own and before) and own != before[-1])


def distinct(feature: Feature, matching: list[Event], _: Event) -> float:
    return float(len({getattr(one, feature.field or "") for one in matching} - {""}))


def same(feature: Feature, matching: list[Event], event: Event) -> float:
    wanted = getattr(event, feature.field or "") if matches(feature.where, event) else ""
    return float(sum(getattr(one, feature.field or "") == wanted for one in matching)) if wanted else 0.0


AGGREGATES: dict[str, Callable[[Feature, list[Event], Event], float]] = {
    "count": lambda _, matching, __: float(len(matching)),
    "sum": lambda _, matching, __: sum(one.amount or 0 for one in matching) / AMOUNT_SCALE,
    "mean": of_amounts(fmean),
    "std": of_amounts(pstdev),
    "min": of_amounts(min),
    "max": of_amounts(max),
    "distinct": distinct,
    "same": same,
    "changed": changed,
}
