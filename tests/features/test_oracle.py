"""Features are what their definitions say, by the word."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.scoring import window_row
from dataflows import offline
from operators.features import parse_feature_set
from operators.features.definition import FeatureFile
from operators.settling import lateness
from tests.features import oracle
from tests.features.compare import assert_equal
from tests.features.streams import APART, CLOSE, DAY, FAR, Stream, feature_sets, streams, without_duplicates


@st.composite
def cases(draw: st.DrawFn) -> tuple[str, Stream]:
    text = draw(feature_sets())
    settle = FeatureFile.model_validate(tomllib.loads(text)).settle
    steps = draw(st.sampled_from([CLOSE, APART, FAR]))
    return text, draw(streams(lateness(settle), steps))


@given(cases(), st.sampled_from([1, 2, 7, 1_000]))
def test_a_replay_gives_what_the_definitions_say(case: tuple[str, Stream], chunk: int) -> None:
    text, (events, labels) = case
    features = parse_feature_set(text, "random.toml")
    kept = without_duplicates(events)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(offline, "_CHUNK", chunk)
        replayed = list(offline.replay(events, labels, features))
    assert [event for event, _ in replayed] == kept
    wanted = oracle.vectors(FeatureFile.model_validate(tomllib.loads(text)), kept, labels)
    assert_equal(features.names, [scoring.features for _, scoring in replayed], wanted)
    if kept[-1].event_time - kept[0].event_time > DAY:
        return  # what is older than the horizon may have left the window
    for number, (event, scoring) in enumerate(replayed):
        own = [window_row(one) for one in kept[: number + 1] if one.user_id == event.user_id]
        assert scoring.window == b"".join(own[-features.window_events :])
