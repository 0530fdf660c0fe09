"""Entities of more events than are kept one by one: panes give what their definition says, and it is told."""

import tomllib
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from contracts.events import Event
from dataflows import offline
from operators.features import parse_feature_set, readers
from operators.features.definition import FeatureFile
from operators.features.sliding import LONG
from operators.settling import lateness
from tests.features import oracle
from tests.features.compare import assert_equal
from tests.features.streams import (
    AGGREGATES,
    APART,
    CLOSE,
    ENTITIES,
    START,
    Stream,
    feature_sets,
    streams,
    without_duplicates,
    written,
)
from tests.features.test_busy_merchant import busy
from tests.features.topology import Topology, partitioned, released

RATES = written(
    "2s",
    [
        {"entity": "merchant", "aggregate": "rate", "label": "fraud", "windows": ["8s", "1m"]},
        {"entity": "merchant", "aggregate": "rate", "label": "fraud", "windows": ["1m"], "delay": "8s"},
        {"entity": "merchant", "aggregate": "rate", "label": "fraud", "windows": ["1m"], "where": {"outcome": ["ok"]}},
        {"entity": "device", "aggregate": "rate", "label": "legitimate", "windows": ["1h"]},
    ],
)
STEADY = tuple(range(150, 250, 7))
UNLABELLED = tuple(aggregate for aggregate in AGGREGATES if aggregate != "rate")


@st.composite
def cases(draw: st.DrawFn) -> tuple[str, Stream]:
    text = f"max_events = {draw(st.sampled_from([1, 2, 5, 20]))}\n" + draw(feature_sets(ENTITIES, UNLABELLED))
    settle = FeatureFile.model_validate(tomllib.loads(text)).settle
    steps = draw(st.sampled_from([CLOSE, APART, STEADY]))
    stream = draw(streams(lateness(settle), steps, least=20, most=80))
    return text, stream._replace(events=without_duplicates(stream.events))


@settings(max_examples=100, deadline=None)
@given(cases(), st.sampled_from([1, 2, 7, 1_000]), st.sampled_from([1, LONG]))
def test_panes_give_what_the_definitions_say(case: tuple[str, Stream], chunk: int, long: int) -> None:
    text, (events, labels) = case
    features, file = parse_feature_set(text, "capped.toml"), FeatureFile.model_validate(tomllib.loads(text))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(offline, "_CHUNK", chunk)
        patch.setattr(readers, "LONG", long)
        replayed = list(offline.enrich(events, labels, features))
    assert_equal(features.names, [one.features for one in replayed], oracle.vectors(file, events, labels))


@settings(max_examples=40)
@given(st.integers(0, 2**32), st.sampled_from([3, 10]), st.integers(1, 3), st.sampled_from([1, 5, 1_000]))
def test_labels_of_merged_events_count(seed: int, cap: int, inputs: int, most: int) -> None:
    random, text = Random(seed), f"max_events = {cap}\n" + RATES
    stream = busy(random, (50, 100, 300, 3_000), (0, 0, 0.5, 1))
    users = [replace(one, user_id=f"u{number}") for number, one in enumerate(stream.events)]  # who have few events each
    of_user = {one.event_id: one.user_id for one in users}
    labels = [replace(one, user_id=of_user[one.event_id]) for one in stream.labels]
    spread = Stream(users, labels)
    features = parse_feature_set(text, "rates.toml")
    topology = Topology(features, partitioned(spread, inputs, 1), seed)
    topology.run(most, 0.1)
    found = released(topology, users)
    wanted = oracle.vectors(FeatureFile.model_validate(tomllib.loads(text)), users, labels)
    assert_equal(features.names, [one.features for one in found], wanted)
    assert not topology.unmatched


@settings(max_examples=40)
@given(cases(), st.integers(1, 3), st.sampled_from([1, 5, 1_000]), st.integers(0, 2**32))
def test_neither_interleaving_nor_restarts_change_what_panes_tell(
    case: tuple[str, Stream], inputs: int, most: int, seed: int
) -> None:
    text, (events, _) = case
    features = parse_feature_set(text, "capped.toml")
    topology = Topology(features, partitioned(Stream(events, []), inputs, 1), seed)
    topology.run(most, 0.1)
    found = released(topology, events)
    whole = list(offline.enrich(events, [], features))
    assert_equal(features.names, [one.features for one in found], [one.features for one in whole])
    assert [one.capped for one in found] == [one.capped for one in whole]


def test_different_values_beyond_the_cap_are_estimated_and_it_is_told() -> None:
    windows = {"entity": "merchant", "aggregate": "distinct", "field": "user_id", "windows": ["1m", "1h"]}
    features = parse_feature_set("max_events = 200\n" + written("0s", [windows]), "distinct.toml")
    events = [
        Event(f"e{number}", "payment", START + number * 100, f"u{number % 1_500}", merchant_id="m")
        for number in range(3_000)
    ]
    last = list(offline.enrich(events, [], features))[-1]
    assert last.capped == ("f0_1m", "f0_1h")
    assert last.features == [pytest.approx(600, rel=0.07), pytest.approx(1_500, rel=0.07)]
    assert all(value.is_integer() for value in last.features)
