"""Features are a function of the log alone: not of interleaving, packing and restarts, nor of what is forgotten."""

import tomllib
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from operators.features import FeatureSet, parse_feature_set
from operators.features.definition import FeatureFile
from operators.settling import lateness
from tests.features import oracle
from tests.features.compare import assert_equal
from tests.features.streams import APART, CLOSE, Stream, feature_sets, streams, without_duplicates
from tests.features.topology import Topology, group_of, partitioned, released

ALL = feature_sets(entities=("user", "merchant", "device", "user+merchant"))
RATES = feature_sets(entities=("user", "merchant"), aggregates=("rate",))


@st.composite
def cases(draw: st.DrawFn) -> tuple[FeatureSet, FeatureFile, Stream]:
    text = draw(ALL | RATES)
    file = FeatureFile.model_validate(tomllib.loads(text))
    return (
        parse_feature_set(text, "random.toml"),
        file,
        draw(streams(lateness(file.settle), draw(st.sampled_from([CLOSE, CLOSE, APART])))),
    )


@settings(max_examples=200)
@given(
    cases(),
    st.integers(1, 3),
    st.integers(1, 2),
    st.sampled_from([1, 2, 5, 1_000]),
    st.sampled_from([0.0, 0.0, 0.3, 1.0]),
    st.integers(0, 2**32),
)
def test_features_are_a_function_of_the_log(
    case: tuple[FeatureSet, FeatureFile, Stream], inputs: int, labels: int, most: int, restarts: float, seed: int
) -> None:
    features, file, stream = case
    kept = without_duplicates(stream.events)
    topology = Topology(features, partitioned(stream, inputs, labels), seed)
    topology.run(most, restarts)
    found = released(topology, kept)
    assert_equal(features.names, [one.features for one in found], oracle.vectors(file, kept, stream.labels))
    assert not any(one.late for one in found)
    assert (topology.duplicates, topology.unmatched) == (len(stream.events) - len(kept), 0)
    for group, left in enumerate(topology.released):
        assert {group_of(one.arrival.event.user_id) for one in left} <= {group}
        for number in range(inputs):
            offsets = [one.arrival.offset for one in left if one.arrival.partition == number]
            assert all(earlier < later for earlier, later in pairwise(offsets))
