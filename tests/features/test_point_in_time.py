"""A feature never sees the future: what happens or becomes known later changes nothing."""

import tomllib

from hypothesis import given, settings
from hypothesis import strategies as st

from dataflows.offline import replay
from operators.features import parse_feature_set
from operators.features.definition import FeatureFile
from operators.settling import lateness
from tests.features.compare import assert_equal
from tests.features.streams import APART, CLOSE, Stream, feature_sets, streams


@st.composite
def cases(draw: st.DrawFn) -> tuple[str, Stream]:
    text = draw(feature_sets())
    disorder = lateness(FeatureFile.model_validate(tomllib.loads(text)).settle)
    return text, draw(streams(disorder, draw(st.sampled_from([CLOSE, APART]))))


@settings(max_examples=200)
@given(cases(), st.floats(0, 1))
def test_what_is_later_changes_nothing(case: tuple[str, Stream], share: float) -> None:
    text, stream = case
    features = parse_feature_set(text, "random.toml")
    now = stream.events[int(share * (len(stream.events) - 1))].event_time
    past = Stream(
        [event for event in stream.events if event.event_time <= now],
        [label for label in stream.labels if label.label_time <= now],
    )
    before = [scoring.features for _, scoring in replay(*past, features)]
    after = [scoring.features for event, scoring in replay(*stream, features) if event.event_time <= now]
    assert_equal(features.names, after, before)
