"""What a value is made of: the listed events give what the engine computed, or it is told that they don't."""

import tomllib
from collections.abc import Iterator
from typing import Any, NamedTuple, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.events import Event, Label
from dataflows import explaining, offline
from dataflows.explaining import explain_event
from operators.features import parse_feature_set
from operators.features.by_definition import RECKONERS
from operators.features.definition import Aggregate, FeatureFile
from operators.features.explanation import Explanation
from operators.packs import Enriched
from operators.settling import lateness
from tests.features.streams import APART, CLOSE, FAR, HOUR, START, Stream, feature_sets, streams, written

SECOND = 1_000


class Log(NamedTuple):
    """A log in memory."""

    stream: Stream

    def events(self) -> Iterator[Event]:
        return iter(self.stream.events)

    def labels(self) -> Iterator[Label]:
        return iter(self.stream.labels)


def explained(text: str, stream: Stream, event: Event) -> list[Explanation]:
    """Each feature of an event; the flow's operators are given a few events at once, so that late ones are late."""
    features, file = parse_feature_set(text, "random.toml"), FeatureFile.model_validate(tomllib.loads(text))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(offline, "_CHUNK", 3)
        found, explanations = explain_event(Log(stream), features, file, event.event_id, event.user_id)
    assert found == event
    assert [one.name for one in explanations] == list(features.names)
    return explanations


@st.composite
def cases(draw: st.DrawFn) -> tuple[str, Stream, Event]:
    text = draw(st.sampled_from(["", "", "max_events = 3\n"])) + draw(feature_sets())
    settle = FeatureFile.model_validate(tomllib.loads(text)).settle
    stream = draw(streams(draw(st.sampled_from([lateness(settle), HOUR])), draw(st.sampled_from([CLOSE, APART, FAR]))))
    return text, stream, draw(st.sampled_from(stream.events))


@settings(max_examples=300)
@given(cases())
def test_what_is_listed_gives_what_the_engine_computed(case: tuple[str, Stream, Event]) -> None:
    assert [one for one in explained(*case) if not one.agrees] == []


@given(cases(), st.data())
def test_an_engine_that_computes_something_else_is_found_out(
    case: tuple[str, Stream, Event], data: st.DataObject
) -> None:
    wrong = data.draw(st.integers(0, len(parse_feature_set(case[0], "random.toml").names) - 1))

    def enrich(*arguments: Any) -> Iterator[Enriched]:
        for enriched in offline.enrich(*arguments):
            vector = enriched.features
            vector[wrong] = 1.0 if vector[wrong] != vector[wrong] else vector[wrong] * 1.001 + 1
            yield enriched

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(explaining, "enrich", enrich)
        told = [one.agrees for one in explained(*case)]
    assert told == [number != wrong for number in range(len(told))]


def test_every_aggregate_is_explained() -> None:
    assert {*RECKONERS, "expression"} == set(get_args(Aggregate))


def payment(number: int, seconds: float, user: str = "u0", **fields: Any) -> Event:
    return Event(f"e{number}", "payment", START + int(seconds * SECOND), user, amount=10_000 * number, **fields)


def listed(one: Explanation) -> list[str]:
    return [listed.event.event_id for listed in one.listed]


def test_the_events_of_a_window_are_listed_and_those_that_count_marked() -> None:
    where = {"outcome": ["declined"]}
    text = written(
        "0s", [{"entity": "user", "aggregate": "sum", "field": "amount", "windows": ["10s"], "where": where}]
    )
    events = [
        payment(1, 0, outcome="declined"),
        payment(2, 1, outcome="declined"),
        payment(3, 5, outcome="approved"),
        payment(4, 6, user="u1", outcome="declined"),
        payment(5, 10, outcome="declined"),
        payment(6, 10, outcome="declined"),
    ]
    (one,) = explained(text, Stream(events, []), events[4])
    assert listed(one) == ["e2", "e3", "e5"]
    assert [listed.matches for listed in one.listed] == [True, False, True]
    assert (one.after, one.through) == (START, START + 10 * SECOND)
    assert (one.identifier, one.value, one.reckoning) == ("u0", 7.0, "2.0 + 5.0")


def test_labels_are_listed_with_the_one_that_was_known() -> None:
    rate = {"entity": "merchant", "aggregate": "rate", "label": "fraud", "windows": ["1m"]}
    events = [payment(number, number, f"u{number}", merchant_id="m") for number in range(4)]
    labels = [
        Label("e0", "u0", "fraud", START + 2 * SECOND, "desk"),
        Label("e1", "u1", "legitimate", START + 2 * SECOND, "desk"),
        Label("e0", "u0", "legitimate", START + 3 * SECOND, "appeal"),
        Label("e0", "another", "legitimate", START + 2 * SECOND, "desk"),
    ]
    (one,) = explained(written("1s", [rate]), Stream(events, labels), events[3])
    assert listed(one) == ["e0", "e1", "e2"]
    assert [listed.known for listed in one.listed] == [labels[0], labels[1], None]
    assert one.listed[0].labels == (labels[0], labels[2])
    assert one.value == pytest.approx(1 / 3)
    assert one.reckoning == "1 / 3"


def test_a_late_event_is_marked_and_counts_for_what_is_read_after_it() -> None:
    count = {"entity": "merchant", "aggregate": "count", "windows": ["1m"]}
    events = [payment(number, seconds, merchant_id="m") for number, seconds in enumerate([0, 5, 10, 20, 1, 21, 30])]
    text, stream = written("2s", [count]), Stream(events, [])
    before, after = (explained(text, stream, events[number])[0] for number in (2, 5))
    assert listed(before) == ["e0", "e1"]
    assert [(one.event.event_id, one.late) for one in after.listed] == [
        ("e0", False), ("e4", True), ("e1", False), ("e2", False)
    ]  # fmt: skip


def test_an_age_is_that_of_the_first_event_however_long_ago() -> None:
    text = written("0s", [{"entity": "user", "aggregate": "age"}, {"entity": "user", "aggregate": "gap"}])
    events = [payment(1, 0), payment(2, 86_400 * 100), payment(3, 86_400 * 100 + 60)]
    age, gap = explained(text, Stream(events, []), events[2])
    assert (listed(age), age.value) == (["e1"], 86_400 * 100 + 60)
    assert (listed(gap), gap.value) == (["e2"], 60.0)
