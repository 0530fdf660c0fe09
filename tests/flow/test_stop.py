"""Stopping a live flow, and going on later."""

import signal

import pytest

from tests.flow.command import start
from tests.flow.conftest import MakeCluster, MakeDirectory
from tests.flow.harness import actions_by_id, flow_settings, risks_by_id, run_to_end, updates_by_event
from tests.flow.stream import make_stream
from tests.processes import finish, wait_until

pytestmark = pytest.mark.kafka


@pytest.mark.parametrize(("processes", "afterwards"), [(1, 2), (2, 1)])
def test_what_was_stopped_goes_on_where_it_was(
    processes: int, afterwards: int, make_cluster: MakeCluster, make_directory: MakeDirectory
) -> None:
    stream = make_stream(6, 3_000)
    cluster = make_cluster()
    first, rest = stream._replace(events=stream.events[:2_000]), stream._replace(events=stream.events[2_000:])
    cluster.send_stream(first._replace(labels=stream.labels))
    settings = flow_settings(make_directory() / "state", cluster.bootstrap, cluster.topics, processes=processes)

    live = start(settings)
    wait_until(lambda: len(cluster.read(cluster.topics.risk_updates)) > 1_000)
    live.send_signal(signal.SIGTERM)
    status, said = finish(live)
    assert status == 0
    assert "killed" not in said
    stopped_with = len(cluster.outputs().updates)
    assert stopped_with <= len(first.event_ids)

    cluster.send_stream(rest._replace(labels=[], decisions=[]))
    assert finish(start(settings, "--stop-at-end", "--processes", str(afterwards)))[0] == 0
    outputs = cluster.outputs()
    assert updates_by_event(outputs).keys() == stream.event_ids

    topics = cluster.topics
    whole = make_cluster(transactions=topics.transactions, labels=topics.labels, decisions=topics.decisions)
    undisturbed = flow_settings(make_directory() / "state", whole.bootstrap, whole.topics)
    run_to_end(undisturbed, whole.url, whole.url, whole.url)
    assert updates_by_event(outputs, without=()) == updates_by_event(whole.outputs(), without=())
    assert risks_by_id(outputs, without=()) == risks_by_id(whole.outputs(), without=())
    assert actions_by_id(outputs, without=()) == actions_by_id(whole.outputs(), without=())
