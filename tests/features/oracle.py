"""A naive reading of feature definitions: each from the whole list of events, by brute force."""

from collections.abc import Callable, Sequence
from math import isfinite, isnan, log1p, nan
from statistics import fmean, pstdev

from contracts.events import AMOUNT_SCALE, Event, Label
from operators.durations import parse_duration
from operators.features.calendar import EVENT_VALUES
from operators.features.definition import Feature, FeatureFile, Where
from operators.features.entity import ENTITY_FIELDS
from operators.features.window import GAP_WINDOW


def vectors(file: FeatureFile, events: Sequence[Event], labels: Sequence[Label]) -> list[list[float]]:
    """The feature vector of every event; `events` in order of arrival, without duplicates, and none late."""
    found = []
    for index in range(len(events)):
        known: dict[str, float] = {}
        for feature in file.features:
            for name, window in zip(feature.names, feature.windows or [""], strict=True):
                if feature.expression:
                    known[name] = expression(feature.expression, known)
                else:
                    known[name] = value(file, feature, window, events, index, labels)
        found.append(list(known.values()))
    return found


def bounds(feature: Feature, window: str, settle: int) -> tuple[int, int]:
    """How long before the event its window ends, and how long it is."""
    if feature.aggregate in ("gap", "changed"):
        return max(settle, 1), GAP_WINDOW
    return max(feature.delay, settle), parse_duration(window) if window else 0


def settling(file: FeatureFile, feature: Feature) -> int:
    return 0 if feature.entity == "user" and feature.label is None else file.settle


def ends_first(file: FeatureFile, feature: Feature) -> int:
    """How long before an event the first of the windows of its kind ends."""
    return min(
        bounds(one, window, settling(file, one))[0]
        for one in file.features
        if (one.entity, one.own) == (feature.entity, feature.own)
        for window in one.windows or [""]
    )


def limit(file: FeatureFile, feature: Feature, event: Event, seen: list[Event]) -> int:
    """The time of the latest event that is not kept by itself; those that are, are the latest that any window of the
    entity can hold."""
    end = event.event_time - ends_first(file, feature)
    before = sorted(one.event_time for one in seen if one.event_time <= end)
    return before[-file.max_events - 1] if len(before) > file.max_events else -(2**63)


def rounded(edge: int, offset: int) -> int:
    """Down to a multiple of the greatest power of two that is at most a 64th of the offset."""
    length = 1
    while length * 2 * 64 <= offset:
        length *= 2
    return edge - edge % length


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
    file: FeatureFile, feature: Feature, written: str, events: Sequence[Event], index: int, labels: Sequence[Label]
) -> float:  # fmt: skip
    """One feature of one event."""
    event = events[index]
    if feature.entity == "event":
        return EVENT_VALUES[feature.field or ""](event)
    settle = settling(file, feature)
    own = feature.entity == "user" and feature.label is None
    known = [one for one in (events[: index + 1] if own else events) if one.event_time <= event.event_time - settle]
    fields = [ENTITY_FIELDS[part] for part in feature.entity.split("+")]
    entity = [getattr(event, field) for field in fields]
    seen = [one for one in known if all(entity) and [getattr(one, field) for field in fields] == entity]
    if feature.aggregate == "age":
        return (event.event_time - min(one.event_time for one in seen)) / 1_000 if seen else 0.0
    seen.sort(key=lambda one: one.event_time)
    delay, size = bounds(feature, written, settle)
    end = event.event_time - delay
    start, latest = end - size, limit(file, feature, event, seen)
    capped = start < latest and feature.aggregate != "gap"
    if capped:
        start, end = rounded(start, delay + size), rounded(end, delay) if end < latest else end
    window = [one for one in seen if start < one.event_time <= end]
    if capped and feature.aggregate == "same":
        ending = [one for one in seen if one.event_time <= event.event_time - ends_first(file, feature)]
        window = [one for one in ending[-file.max_events :] if one.event_time <= end]
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
