"""Features are what their definitions say, by the word."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.scoring import window_row
from dataflows import offline
from operators.features import parse_feature_set, readers
from operators.features.definition import FeatureFile
from operators.features.sliding import LONG
from operators.settling import lateness
from tests.features import oracle
from tests.features.compare import assert_equal
from tests.features.streams import APART, CLOSE, FAR, Stream, feature_sets, streams, without_duplicates


@st.composite
def cases(draw: st.DrawFn) -> tuple[str, Stream]:
    text = draw(feature_sets())
    settle = FeatureFile.model_validate(tomllib.loads(text)).settle
    steps = draw(st.sampled_from([CLOSE, APART, FAR]))
    return text, draw(streams(lateness(settle), steps))


@given(cases(), st.sampled_from([1, 2, 7, 1_000]), st.sampled_from([1, LONG]))
def test_a_replay_gives_what_the_definitions_say(case: tuple[str, Stream], chunk: int, long: int) -> None:
    text, (events, labels) = case
    features = parse_feature_set(text, "random.toml")
    kept = without_duplicates(events)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(offline, "_CHUNK", chunk)
        patch.setattr(readers, "LONG", long)
        replayed = list(offline.replay(events, labels, features))
    assert [event for event, _ in replayed] == kept
    wanted = oracle.vectors(FeatureFile.model_validate(tomllib.loads(text)), kept, labels)
    assert_equal(features.names, [scoring.features for _, scoring in replayed], wanted)
    windows = oracle.windows(kept, features.window_events, features.user.horizon)
    assert [scoring.window for _, scoring in replayed] == [b"".join(map(window_row, window)) for window in windows]
