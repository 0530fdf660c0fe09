"""A scorer that fails."""

import pytest

from tests.flow.conftest import MakeCluster, MakeDirectory
from tests.flow.harness import flow_settings, run_to_end, updates_by_event
from tests.flow.stream import make_stream

pytestmark = pytest.mark.kafka


def test_events_without_a_score_are_judged_by_the_fallback_and_no_other_is(
    make_cluster: MakeCluster, make_directory: MakeDirectory
) -> None:
    stream = make_stream(7, 1_000)
    cluster = make_cluster()
    cluster.send_stream(stream)
    settings = flow_settings(make_directory() / "state", cluster.bootstrap, cluster.topics)
    run_to_end(settings, cluster.url, cluster.url, cluster.url, build="tests.flow.hooks:failing_on_refunds")
    updates = updates_by_event(cluster.outputs())
    refunds = {event.event_id for event in stream.events if event.event_type == "refund"}
    assert updates.keys() == stream.event_ids
    assert {event_id for event_id, update in updates.items() if update["degraded"]} == refunds
    assert {updates[event_id]["score"] for event_id in refunds} == {0.123456}
    assert all(updates[event_id]["score"] != 0.123456 for event_id in updates.keys() - refunds)
