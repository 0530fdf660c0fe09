"""The flow's promises, on one seeded stream through Kafka and through files."""

from collections.abc import Callable
from functools import cache
from itertools import pairwise
from typing import Any, NamedTuple

import pytest

from contracts.messages import PolicyActionMessage, RiskUpdateMessage
from dataflows.connectors.kafka_output import partition_of
from dataflows.features import load_feature_set
from dataflows.offline import replay
from models.fake import FakeScorer
from tests.flow.conftest import MakeCluster, MakeDirectory
from tests.flow.harness import (
    FEATURES,
    PARTITIONS,
    Cluster,
    Outputs,
    actions_by_id,
    event_records,
    flow_settings,
    label_records,
    read_directory,
    run_to_end,
    updates_by_event,
    write_lines,
)
from tests.flow.stream import Stream, make_stream

pytestmark = pytest.mark.kafka


class Case(NamedTuple):
    """How the stream goes through the flow."""

    through: str
    processes: int
    batch_size: int

    def __str__(self) -> str:
        return f"{self.through}-{self.processes}-{self.batch_size}"


REFERENCE = Case("kafka", 1, 1_000)
CASES = [
    Case(through, processes, size) for through in ("kafka", "files") for processes in (1, 2) for size in (10, 1_000)
]
RunCase = Callable[[Case], Outputs]


@pytest.fixture(scope="module")
def stream() -> Stream:
    stream = make_stream(1, 4_000)
    assert len(stream.late) > 50
    assert len(stream.events) - len(stream.event_ids) > 100
    return stream


@pytest.fixture(scope="module")
def sent(make_cluster: MakeCluster, stream: Stream) -> Cluster:
    cluster = make_cluster()
    cluster.send_stream(stream)
    return cluster


@pytest.fixture(scope="module")
def run(stream: Stream, sent: Cluster, make_cluster: MakeCluster, make_directory: MakeDirectory) -> RunCase:
    """Runs a case once, and gives what it has written."""

    @cache
    def run(case: Case) -> Outputs:
        place = make_directory()
        changes: dict[str, Any] = {"processes": case.processes, "source": {"batch_size": case.batch_size}}
        if case.through == "kafka":
            cluster = make_cluster(transactions=sent.topics.transactions, labels=sent.topics.labels)
            settings = flow_settings(place / "state", cluster.bootstrap, cluster.topics, **changes)
            run_to_end(settings, cluster.url, cluster.url, cluster.url)
            return cluster.outputs()
        events, labels, out = place / "events.jsonl", place / "labels.jsonl", place / "out"
        write_lines(events, event_records(stream))
        write_lines(labels, label_records(stream))
        run_to_end(flow_settings(place / "state", **changes), str(events), str(labels), str(out))
        return read_directory(out)

    return run


@pytest.mark.parametrize("case", CASES, ids=str)
def test_each_event_has_one_update_and_all_are_as_the_contract_says(case: Case, run: RunCase, stream: Stream) -> None:
    outputs = run(case)
    assert updates_by_event(outputs).keys() == stream.event_ids
    assert outputs.letters == []
    for record in outputs.updates:
        assert RiskUpdateMessage.model_validate(record.value).update_id == record.id
    for record in outputs.actions:
        assert PolicyActionMessage.model_validate(record.value).action_id == record.id


@pytest.mark.parametrize("case", CASES, ids=str)
def test_each_users_updates_are_in_the_order_of_the_events(case: Case, run: RunCase) -> None:
    positions: dict[str, list[tuple[int, int]]] = {}
    for record in run(case).updates:
        place = record.value["input"]
        positions.setdefault(record.value["user_id"], []).append((place["partition"], place["offset"]))
    assert len(positions) > 100
    for user, places in positions.items():
        assert all(before < after for before, after in pairwise(places)), user


@pytest.mark.parametrize("case", [case for case in CASES if case != REFERENCE], ids=str)
def test_live_equals_replay(case: Case, run: RunCase) -> None:
    assert updates_by_event(run(case)) == updates_by_event(run(REFERENCE))
    assert actions_by_id(run(case)) == actions_by_id(run(REFERENCE))


def test_the_features_are_those_of_a_training_set(run: RunCase, stream: Stream) -> None:
    features = load_feature_set(FEATURES)
    scorer = FakeScorer()
    expected = {event.event_id: scorer.score([scored])[0] for event, scored in replay(*stream[:2], features)}
    updates = updates_by_event(run(REFERENCE))
    assert {event_id: update["score"] for event_id, update in updates.items()} == {
        event_id: round(score, 6) for event_id, score in expected.items()
    }


def test_late_events_are_told_and_nothing_is_degraded(run: RunCase, stream: Stream) -> None:
    updates = updates_by_event(run(REFERENCE))
    assert {event_id for event_id, update in updates.items() if update["late"]} == stream.late
    assert not any(update["degraded"] for update in updates.values())


def test_actions_are_what_the_policy_says(run: RunCase) -> None:
    outputs = run(REFERENCE)
    expected = {}
    for update in updates_by_event(outputs).values():
        if update["event_type"] == "payment" and update["score"] >= 0.9:
            expected[update["event_id"]] = "hold_order"
        elif update["user_risk"] >= 0.9:
            expected[update["event_id"]] = "step_up"
    assert {record.value["event_id"]: record.value["action"] for record in outputs.actions} == expected
    assert set(expected.values()) == {"hold_order", "step_up"}


def test_a_users_records_share_a_partition(run: RunCase) -> None:
    outputs = run(REFERENCE)
    for record in outputs.updates + outputs.actions:
        assert record.key == record.value["user_id"].encode()
        assert record.partition == partition_of(record.key, PARTITIONS)
    assert {record.partition for record in outputs.updates} == set(range(PARTITIONS))
