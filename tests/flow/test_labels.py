"""Labels that become known after their events, read from a topic of their own."""

from pathlib import Path

import pytest

from dataflows.features import load_feature_set
from dataflows.offline import replay
from models.fake import FakeScorer
from tests.flow.conftest import MakeCluster, MakeDirectory
from tests.flow.harness import FEATURES, USERS_RATES, flow_settings, run_to_end, updates_by_event
from tests.flow.stream import Stream, make_stream

pytestmark = pytest.mark.kafka


@pytest.fixture(scope="module")
def features(make_directory: MakeDirectory) -> Path:
    """Fraud rates of merchants and, unlike the other tests', of users: a late event's own would be chance."""
    path = make_directory() / "features.toml"
    path.write_text(FEATURES.read_text() + USERS_RATES)
    return path


@pytest.fixture(scope="module")
def stream() -> Stream:
    """Few enough that one batch reads far ahead: labels overtake their events wherever they may."""
    return make_stream(2, 2_500, late_share=0)


@pytest.fixture(scope="module")
def scores(stream: Stream, features: Path) -> dict[str, float]:
    """The score of each event, by the operators alone."""
    feature_set = load_feature_set(features)
    rates = [feature_set.names.index(f"{entity}_fraud_rate_30m") for entity in ("merchant", "user")]
    scored = {event.event_id: scoring for event, scoring in replay(stream.events, stream.labels, feature_set)}
    for rate in rates:
        assert sum(scoring.features[rate] > 0 for scoring in scored.values()) > 300
    return {event_id: round(FakeScorer().score([scoring])[0], 6) for event_id, scoring in scored.items()}


@pytest.mark.parametrize("processes", [1, 2])
def test_features_from_labels_are_those_of_a_training_set(
    stream: Stream,
    features: Path,
    scores: dict[str, float],
    processes: int,
    make_cluster: MakeCluster,
    make_directory: MakeDirectory,
) -> None:
    cluster = make_cluster()
    cluster.send_stream(stream)
    settings = flow_settings(
        make_directory() / "state", cluster.bootstrap, cluster.topics, features=features, processes=processes
    )
    run_to_end(settings, cluster.url, cluster.url, cluster.url)
    updates = updates_by_event(cluster.outputs())
    assert {event_id: update["score"] for event_id, update in updates.items()} == scores
