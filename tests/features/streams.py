"""Hypothesis strategies: feature sets as TOML texts, and streams of events and labels that stress them."""

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from hypothesis import strategies as st
from msgspec.structs import replace

from contracts.events import EVENT_TYPES, LABELS, Event, Label
from operators.features.calendar import EVENT_VALUES
from operators.features.definition import IDENTIFIERS, NUMERIC

START = 1_522_540_800_000
SECOND = 1_000
HOUR = 3_600_000
DAY = 24 * HOUR

TYPES = EVENT_TYPES[:3]
WINDOWS = ("1ms", "1s", "2s", "8s", "1m", "1h", "2d")
DELAYS = ("0s", "0s", "500ms", "2s", "3s", "1h")


class Stream(NamedTuple):
    """Events as they arrive, duplicates included; labels by label time."""

    events: list[Event]
    labels: list[Label]


ENTITIES = ("event", "user", "merchant", "device", "country", "user+merchant", "device+category")
AGGREGATES = (*sorted(NUMERIC), "count", "distinct", "same", "share", "age", "gap", "changed", "rate")


@st.composite
def definitions(draw: st.DrawFn, entities: Sequence[str], aggregates: Sequence[str]) -> dict[str, Any]:
    """One feature, valid, without a name."""
    entity = draw(st.sampled_from(entities))
    if entity == "event":
        return {"entity": entity, "aggregate": "value", "field": draw(st.sampled_from(sorted(EVENT_VALUES)))}
    aggregate = draw(st.sampled_from(aggregates))
    feature: dict[str, Any] = {"entity": entity, "aggregate": aggregate}
    if aggregate in NUMERIC:
        feature["field"] = "amount"
    if aggregate in ("distinct", "same", "changed"):
        feature["field"] = draw(st.sampled_from(IDENTIFIERS))
    if aggregate not in ("age", "gap", "changed"):
        feature["windows"] = draw(st.lists(st.sampled_from(WINDOWS), min_size=1, max_size=3, unique=True))
        feature["delay"] = draw(st.sampled_from(DELAYS))
    if aggregate == "rate":
        feature["label"] = draw(st.sampled_from(LABELS[:2]))
    if aggregate == "share" or (aggregate != "age" and draw(st.booleans())):
        feature["where"] = draw(filters())
    return feature


def filters() -> st.SearchStrategy[dict[str, list[str]]]:
    def some(*values: str) -> st.SearchStrategy[list[str]]:
        return st.lists(st.sampled_from(values), min_size=1, max_size=2, unique=True)

    optional = {"event_type": some(*TYPES), "outcome": some("ok", "failed"), "category": some("a", "b")}
    return st.fixed_dictionaries({}, optional=optional).filter(bool)


def feature_sets(entities: Sequence[str] = ENTITIES, aggregates: Sequence[str] = AGGREGATES) -> st.SearchStrategy[str]:
    """TOML texts of one to eight features."""
    features = st.lists(definitions(entities, aggregates), min_size=1, max_size=8)
    return st.builds(with_expression, st.sampled_from(["0s", "1s", "2s"]), features)


def written(settle: str, features: list[dict[str, Any]]) -> str:
    """A feature set's TOML."""
    lines = [f'name = "random"\nsettle = "{settle}"\nwindow_events = 3']
    for number, feature in enumerate(features):
        name = f"f{number}" + ("_{window}" if "windows" in feature else "")
        where = feature.get("where")
        lines += ["[[features]]", f'name = "{name}"']
        lines += [f"{key} = {json.dumps(value)}" for key, value in feature.items() if key != "where"]
        if where:
            lines.append(
                "where = { " + ", ".join(f"{key} = {json.dumps(value)}" for key, value in where.items()) + " }"
            )
    return "\n".join(lines)


def with_expression(settle: str, features: list[dict[str, Any]]) -> str:
    """The same, and a feature over the first and the last of them."""
    first, last = (
        f"f{number}" + (f"_{features[number]['windows'][0]}" if "windows" in features[number] else "")
        for number in (0, len(features) - 1)
    )
    text = f"coalesce({first}, 1) * 2 - {last} / (1 + log1p(max({first}, 0)))"
    return f'{written(settle, features)}\n[[features]]\nname = "expression"\nexpression = "{text}"'


CLOSE = (0, 1, 250, 500, 500, 1_000, 1_000, 1_500, 2_000)
"""Between events, in ms: equal times, and times that meet at the edges of windows and of settling."""
APART = (0, 1, 999, 1_000, 8_001, 60_000, HOUR)
FAR = (1_000, DAY // 3)


class Moment(NamedTuple):
    """A draw of an event, before it has its place in a stream."""

    step: int
    back: float
    """How far back in time the event lies, of what is allowed."""
    repeats: int
    """0, or it is the event so many places before it again, if that is not long ago."""
    event: Event
    labels: list[tuple[str, int]]
    """Labels, and how long after the event they become known (ms)."""


def moments(steps: tuple[int, ...]) -> st.SearchStrategy[Moment]:
    known = st.tuples(st.sampled_from(LABELS), st.sampled_from((*CLOSE, 7_000)))
    return st.builds(
        Moment,
        st.sampled_from(steps),
        st.sampled_from((0, 0, 0, 0.5, 1)),
        st.sampled_from((0, 0, 0, 0, 0, 0, 0, 1, 3)),
        EVENTS,
        st.lists(known, max_size=3),
    )


def _one_of(*values: str) -> st.SearchStrategy[str]:
    return st.sampled_from(values)


EVENTS = st.builds(
    Event,
    st.just(""),
    st.sampled_from(TYPES),
    st.just(0),
    _one_of("u0", "u1", "u2"),
    _one_of("", "o1", "o2"),
    st.none() | st.integers(0, 10**7) | st.just(10**14),
    merchant_id=_one_of("m0", "m0", "m1", ""),
    device_id=_one_of("", *(f"d{number}" for number in range(8))),
    country=_one_of("", "DE", "FR"),
    category=_one_of("", "a", "b"),
    outcome=_one_of("ok", "failed", ""),
)
"""Without an id and a time. There are always new devices, and one merchant is always busy."""


def streams(disorder: int, steps: tuple[int, ...], least: int = 1, most: int = 25) -> st.SearchStrategy[Stream]:
    """Events up to `disorder` ms out of order, some of them twice, each with up to three labels, none before it."""
    return st.lists(moments(steps), min_size=least, max_size=most).map(lambda drawn: in_place(drawn, disorder))


def in_place(drawn: list[Moment], disorder: int) -> Stream:
    """The moments one after the other."""
    events: list[Event] = []
    labels: list[Label] = []
    now = START
    for number, moment in enumerate(drawn):
        now += moment.step
        if 0 < moment.repeats <= number and now - events[-moment.repeats].event_time < DAY // 2:
            events.append(events[-moment.repeats])
            continue
        event = replace(moment.event, event_id=f"e{number}", event_time=now - int(moment.back * disorder))
        events.append(event)
        labels += [
            Label(event.event_id, event.user_id, name, event.event_time + after, "") for name, after in moment.labels
        ]
    return Stream(events, sorted(labels, key=lambda label: label.label_time))


def without_duplicates(events: list[Event]) -> list[Event]:
    """The first of those that have the same user and id."""
    first: dict[tuple[str, str], Event] = {}
    for event in events:
        first.setdefault((event.user_id, event.event_id), event)
    return list(first.values())
