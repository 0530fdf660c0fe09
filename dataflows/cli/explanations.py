"""Explained features: as tables for people, as JSON for programs."""

from collections.abc import Callable, Iterator, Sequence
from math import isnan
from operator import attrgetter
from typing import Any, Final

import orjson
from rich.console import Console
from rich.table import Table
from rich.text import Text

from contracts.codec import encode_event
from contracts.events import AMOUNT_SCALE, Event
from contracts.times import format_time
from operators.features.by_definition import Listed, numbered
from operators.features.explanation import Explanation

_CAUSES: Final = (
    "A late event counts only for what is read after it came, and finds but panes of what is merged; docs/features.md "
    "says more."
)


def to_json(event: Event, version: str, explanations: Sequence[Explanation]) -> bytes:
    """An object with the event, the feature set's version and the explained features."""
    features = [_feature_object(one) for one in explanations]
    told = {"event": _event_object(event), "version": version, "features": features}
    return orjson.dumps(told, option=orjson.OPT_INDENT_2)


def _feature_object(one: Explanation) -> dict[str, Any]:
    return {
        "name": one.name,
        "value": one.engine,
        "of_listed": one.value,
        "agrees": one.agrees,
        "capped": one.engine_capped,
        "reckoning": one.reckoning,
        "entity": one.feature.entity,
        "identifier": one.identifier or None,
        "aggregate": one.feature.aggregate,
        "after": None if one.after is None else format_time(one.after),
        "through": format_time(one.through),
        "events": [_listed_object(listed) for listed in one.listed],
    }


def _listed_object(listed: Listed) -> dict[str, Any]:
    labels = [
        {"label": one.label, "label_time": format_time(one.label_time), "counts": one is listed.known}
        for one in listed.labels
    ]
    return _event_object(listed.event) | {"matches": listed.matches, "late": listed.late, "labels": labels}


def _event_object(event: Event) -> dict[str, Any]:
    fields: dict[str, Any] = orjson.loads(encode_event(event))
    return fields


def show(console: Console, event: Event, version: str, explanations: Sequence[Explanation], limit: int) -> None:
    """For each window the latest `limit` of its events, and under them the values that they give."""
    console.print(
        Text(f"{event.event_id}: {event.event_type} of user {event.user_id}, {format_time(event.event_time)}")
    )
    windows: dict[tuple[object, ...], list[Explanation]] = {}
    for one in explanations:
        feature = one.feature
        settled = feature.entity == "user" and feature.label is not None
        window = (feature.entity, one.after, one.through, len(one.listed), str(feature.where), settled)
        windows.setdefault(window, []).append(one)
    for of_window in windows.values():
        _show_window(console, of_window, limit)
    agreeing = sum(one.agrees for one in explanations)
    told = f"{agreeing} of {len(explanations)} values of {version}: what is listed gives what the engine computed."
    console.print(Text(f"\n{told}"))
    if agreeing < len(explanations):
        console.print(Text(_CAUSES, "bold red"))


def _show_window(console: Console, of_window: Sequence[Explanation], limit: int) -> None:
    first = max(of_window, key=lambda one: one.feature.label is not None)  # its events have their labels
    matching = [listed for listed in first.listed if listed.matches]
    console.print(Text(f"\n{_heading(first, len(matching))}", "bold"))
    if first.identifier and matching:
        console.print(_events(of_window, matching, limit))
    values = Table(box=None, show_header=False)
    for one in of_window:
        capped = "capped" if one.engine_capped else ""
        differs = "" if one.agrees else f"but what is listed gives {_number(one.value)}"
        values.add_row(
            one.name, Text(_number(one.engine), "bold"), Text(one.reckoning), Text(capped), Text(differs, "bold red")
        )
    console.print(values)


def _heading(one: Explanation, matching: int) -> str:
    entity, where = one.feature.entity, one.feature.where
    if entity == "event":
        return "the event itself"
    if not one.identifier:
        return f"{entity}: the event names none"
    if one.feature.aggregate == "age":
        return f"{entity} {one.identifier}, its first event"
    after = "" if one.after is None else f"after {format_time(one.after)}, "
    told = f"{entity} {one.identifier}, {after}up to {format_time(one.through)}: {numbered(len(one.listed), 'event')}"
    conditions = ", ".join(f"{name} {' or '.join(allowed)}" for name, allowed in where if allowed)
    return f"{told}, {matching:,} of them with {conditions}" if conditions else told


def _events(of_window: Sequence[Explanation], listed: Sequence[Listed], limit: int) -> Table:
    columns = dict(_columns(of_window, listed))
    table = Table(*columns, box=None)
    if len(listed) > limit:
        table.add_row(f"... {len(listed) - limit:,} earlier")
    for one in listed[-limit:]:
        table.add_row(*(Text(tell(one)) for tell in columns.values()))
    return table


def _columns(
    of_window: Sequence[Explanation], listed: Sequence[Listed]
) -> Iterator[tuple[str, Callable[[Listed], str]]]:
    """Headings, and what stands under each: only what the values can depend on."""
    feature = of_window[0].feature
    yield "event", attrgetter("event.event_id")
    yield "time", lambda one: format_time(one.event.event_time)
    yield "type", attrgetter("event.event_type")
    yield "amount", lambda one: "" if one.event.amount is None else str(one.event.amount / AMOUNT_SCALE)
    fields = {one.feature.field for one in of_window} | {name for name, allowed in feature.where if allowed}
    if feature.entity != "user":
        fields.add("user_id")
    for field in sorted(field for field in fields if field not in (None, "amount", "event_type")):
        yield field, attrgetter(f"event.{field}")
    if any(one.feature.label for one in of_window):
        yield "known of it", _labels
    if any(one.late for one in listed):
        yield "", lambda one: "late" if one.late else ""


def _labels(listed: Listed) -> str:
    return ", ".join(
        f"{one.label} {format_time(one.label_time)}{'' if one is listed.known else ' (does not count)'}"
        for one in listed.labels
    )


def _number(value: float) -> str:
    return "unknown" if isnan(value) else f"{value:.10g}"
