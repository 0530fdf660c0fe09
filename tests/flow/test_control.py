"""The policy changes while the flow runs."""

import json
import signal
import time
from collections import deque
from pathlib import Path

import pytest
from msgspec import structs

from contracts.codec import encode_event
from contracts.control import encode_accepted
from contracts.events import Event, Position
from contracts.messages import INITIAL
from contracts.times import LATEST
from dataflows import cli
from dataflows.control_sending import AHEAD, Outcome, follow_changes, latest_changes, present
from dataflows.running import flow_job, pushed_policy
from dataflows.settings import Settings
from tests.flow import command
from tests.flow.changes import (
    CHANGES,
    MINUTE,
    SECOND,
    VERSIONS,
    changes_within,
    entry,
    expected,
    first_positions,
    parsed,
    policy_change,
    seen,
    told_positions,
)
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
from tests.flow.stream import START, Stream, make_stream
from tests.processes import HANGS_AFTER, finish

pytestmark = pytest.mark.kafka


@pytest.fixture(scope="module")
def stream() -> Stream:
    return make_stream(7, 3_100)._replace(changes=CHANGES)


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


def replay(recorded: Outputs, cluster: Cluster, place: Path, processes: int = 1) -> Outputs:
    """The same events again, with the changes as they were recorded: compaction and refusals don't matter to them."""
    file = place / "policy-changes.jsonl"
    file.write_text("".join(f"{json.dumps(record.value)}\n" for record in recorded.changes))
    settings = flow_settings(place / "state", cluster.bootstrap, cluster.topics, processes=processes)
    run_to_end(settings, *[cluster.url] * 3, control=str(file))
    return cluster.outputs()


def assert_same(one: Outputs, other: Outputs) -> None:
    assert updates_by_event(one) == updates_by_event(other)
    assert actions_by_id(one) == actions_by_id(other)
    assert risks_by_id(one) == risks_by_id(other)
    assert told_positions(one) == told_positions(other)


def test_replay_of_the_recorded_changes_is_the_same(
    replayed: Outputs, sent: Cluster, make_cluster: MakeCluster, make_directory: MakeDirectory
) -> None:
    assert_same(replay(replayed, beside(sent, make_cluster), make_directory(), processes=2), replayed)


def send_live(cluster: Cluster, settings: Settings, stream: Stream) -> None:
    """The events, some at a time; before those that a change counts for, the change, until the flow has accepted it."""
    changes = deque(stream.changes)
    for start in range(0, len(stream.events), 250):
        events = stream.events[start : start + 250]
        due = []
        while changes and changes[0].effective_at <= max(event.event_time for event in events):
            due.append(changes.popleft())
        if due:
            sent = follow_changes(due, cluster.url, settings, HANGS_AFTER, None)
            assert sent.outcomes == {change.change_id: Outcome(True) for change in due}
        cluster.send(cluster.topics.transactions, event_records(Stream(events, [], frozenset())))


def test_a_change_under_load(make_cluster: MakeCluster, make_directory: MakeDirectory) -> None:
    """No event is lost or decided by the wrong version, a change that is bad or too late is refused, and the recorded
    changes give the same actions again."""
    stream = make_stream(11, 1_300)._replace(labels=[], decisions=(), changes=changes_within(12 * MINUTE))
    cluster, place = make_cluster(), make_directory()
    settings = flow_settings(place / "state", cluster.bootstrap, cluster.topics)
    flow = command.start(settings, "--source", cluster.url, "--sink", cluster.url)
    try:
        send_live(cluster, settings, stream)
        bad = [entry("u9", 0, "late"), structs.replace(policy_change(SECOND, 40 * MINUTE, "bad"), text="levels = 3")]
        refused = follow_changes(bad, cluster.url, settings, HANGS_AFTER, None).outcomes
        reached: list[int] = []

        def further(ahead: int) -> int:
            reached.append(ahead)
            return START + (60 * MINUTE if ahead > 20 * AHEAD else 0)

        again = follow_changes([entry("u9", 0, "again")], cluster.url, settings, HANGS_AFTER, further)
        assert reached == [4 * AHEAD, 16 * AHEAD, 64 * AHEAD]
        assert again.outcomes == {"again": Outcome(True)}
        assert {identity: outcome.code for identity, outcome in refused.items()} == {
            "late": "too_late",
            "bad": "invalid_policy",
        }
    finally:
        flow.send_signal(signal.SIGTERM)
        status, said = finish(flow)
    assert status == 0, said
    run_to_end(settings, *[cluster.url] * 3)
    outputs = cluster.outputs()
    assert len(outputs.letters) == 5
    assert updates_by_event(outputs).keys() == stream.event_ids
    assert {identity: one.policy for identity, one in seen(outputs).items()} == {
        identity: one.policy for identity, one in expected(stream, duration=12 * MINUTE).items()
    }
    assert told_positions(outputs) == first_positions(stream)
    assert_same(replay(outputs, beside(cluster, make_cluster), make_directory()), outputs)


def test_files_are_as_good(stream: Stream, make_directory: MakeDirectory) -> None:
    place = make_directory()
    write_lines(place / "transactions.jsonl", event_records(stream))
    write_lines(place / "control.jsonl", control_records(stream))
    settings = flow_settings(place / "state")
    run_to_end(settings, str(place), None, str(place / "out"))
    assert seen(read_directory(place / "out")) == expected(stream, partitions=1)
    again = flow_job(settings, str(place), None, str(place / "out"), stop_at_end=True)
    assert pushed_policy(again) == parsed(SECOND).version  # a restart goes on with it


def test_a_policy_that_lies_ahead_is_rolled_back_when_it_counts(make_cluster: MakeCluster, tmp_path: Path) -> None:
    """Of two changes for one time, the later counts."""
    cluster = make_cluster()
    ahead = structs.replace(policy_change(SECOND, 0, "ahead"), effective_at=LATEST - 1)
    told = [encode_accepted(one, Position("control", 0, 0))[1] for one in (policy_change(SECOND, 0, "now"), ahead)]
    cluster.send(cluster.topics.policy_changes, [(b"", value) for value in told])
    config = tmp_path / "sealwax.toml"
    config.write_text(command.as_toml(flow_settings(tmp_path, cluster.bootstrap, cluster.topics).to_wire()))
    with pytest.raises(SystemExit):
        cli.main(["policy", "rollback", "--config", str(config), "--wait", "0"])
    (change,) = latest_changes(cluster.url, flow_settings(tmp_path, cluster.bootstrap, cluster.topics))
    assert (change.name, change.effective_at) == (INITIAL, LATEST - 1)


def test_a_stream_of_the_past_has_a_present_of_its_own(sent: Cluster, stream: Stream) -> None:
    settings = flow_settings(Path(), sent.bootstrap, sent.topics)
    latest = max(event.event_time for event in stream.events)
    assert latest <= present(sent.url, settings) < time.time() * 1_000


def test_an_impossible_time_is_no_present(make_cluster: MakeCluster) -> None:
    cluster = make_cluster()
    cluster.send(cluster.topics.transactions, [(b"u", encode_event(Event("e", "payment", LATEST - 1, "u")))])
    assert present(cluster.url, flow_settings(Path(), cluster.bootstrap, cluster.topics)) <= time.time() * 1_000
