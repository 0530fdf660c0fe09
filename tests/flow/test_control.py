"""The policy changes while the flow runs."""

import json

import pytest

from tests.flow.changes import CHANGES, VERSIONS, expected, first_positions, seen, told_positions
from tests.flow.conftest import MakeCluster, MakeDirectory
from tests.flow.harness import (
    Cluster,
    Outputs,
    actions_by_id,
    control_records,
    event_records,
    flow_settings,
    read_directory,
    risks_by_id,
    run_to_end,
    updates_by_event,
    write_lines,
)
from tests.flow.stream import Stream, make_stream

pytestmark = pytest.mark.kafka


@pytest.fixture(scope="module")
def stream() -> Stream:
    return make_stream(7, 3_000)._replace(changes=CHANGES)


@pytest.fixture(scope="module")
def sent(make_cluster: MakeCluster, stream: Stream) -> Cluster:
    """The stream, and all changes."""
    cluster = make_cluster()
    cluster.send_stream(stream)
    return cluster


def beside(sent: Cluster, make_cluster: MakeCluster) -> Cluster:
    """The same input, with outputs of its own."""
    topics = sent.topics
    return make_cluster(
        transactions=topics.transactions, labels=topics.labels, decisions=topics.decisions, control=topics.control
    )


@pytest.fixture(scope="module")
def replayed(sent: Cluster, make_cluster: MakeCluster, make_directory: MakeDirectory) -> Outputs:
    """What one process writes that has all of it at once."""
    cluster = beside(sent, make_cluster)
    run_to_end(flow_settings(make_directory(), cluster.bootstrap, cluster.topics), *[cluster.url] * 3)
    return cluster.outputs()


def test_each_event_is_decided_by_what_is_in_force_at_its_position(replayed: Outputs, stream: Stream) -> None:
    assert seen(replayed) == expected(stream)
    assert {one.policy for one in seen(replayed).values()} == VERSIONS
    assert sum(one.watched for one in seen(replayed).values()) > 50
    assert replayed.letters == []


def test_where_changes_count_from_is_told(replayed: Outputs, stream: Stream) -> None:
    assert told_positions(replayed) == first_positions(stream)
    accepted = [record.value for record in replayed.changes if record.value["status"] == "accepted"]
    assert sorted(one["change"]["change_id"] for one in accepted) == sorted(change.change_id for change in CHANGES)


@pytest.mark.parametrize("processes", [1, 2])
def test_replay_of_the_recorded_changes_is_the_same(
    processes: int, replayed: Outputs, sent: Cluster, make_cluster: MakeCluster, make_directory: MakeDirectory
) -> None:
    """From the records of what was accepted, which are kept where compaction has forgotten."""
    cluster, place = beside(sent, make_cluster), make_directory()
    recorded = place / "policy-changes.jsonl"
    recorded.write_text("".join(f"{json.dumps(record.value)}\n" for record in replayed.changes))
    settings = flow_settings(place / "state", cluster.bootstrap, cluster.topics, processes=processes)
    run_to_end(settings, *[cluster.url] * 3, control=str(recorded))
    again = cluster.outputs()
    assert updates_by_event(again) == updates_by_event(replayed)
    assert actions_by_id(again) == actions_by_id(replayed)
    assert risks_by_id(again) == risks_by_id(replayed)
    assert told_positions(again) == told_positions(replayed)


def test_files_are_as_good(stream: Stream, make_directory: MakeDirectory) -> None:
    place = make_directory()
    write_lines(place / "transactions.jsonl", event_records(stream))
    write_lines(place / "control.jsonl", control_records(stream))
    run_to_end(flow_settings(place / "state"), str(place), None, str(place / "out"))
    assert seen(read_directory(place / "out")) == expected(stream, partitions=1)
