"""Entities of more events than are kept one by one: panes give what their definition says, and it is told."""

import tomllib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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
    Stream,
    feature_sets,
    streams,
    without_duplicates,
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
