"""The flow's promises, on one seeded stream through Kafka and through files."""

from collections import Counter
from collections.abc import Callable
from functools import cache
from itertools import pairwise
from typing import Any, NamedTuple

import pytest

from contracts.decisions import PolicyAction, Reason, Versions
from contracts.events import Position
from contracts.messages import PolicyActionMessage, RiskUpdateMessage, UserRiskMessage
from contracts.times import parse_time
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
    decision_records,
    event_records,
    flow_settings,
    label_records,
    read_directory,
    risks_by_id,
    run_to_end,
    updates_by_event,
    write_lines,
)
from tests.flow.stream import Stream, make_stream
from tests.policy.lives import check_lives

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
WAYS = {
    ("opened", "rule"), ("escalated", "rule"), ("released", "rule"), ("released", "label"), ("confirmed", "label"),
    ("opened", "decision"), ("released", "decision"), ("confirmed", "decision"), ("overridden", "decision"),
    ("expired", "expiry"),
}  # fmt: skip


def as_action(value: dict[str, Any]) -> PolicyAction:
    """As the flow holds it."""
    times = [value["expires_at"] and parse_time(value["expires_at"])]
    return PolicyAction(
        value["action"], value["status"], value["follows"], value["cause"], value["user_id"], value["order_id"] or "",
        value["event_id"], parse_time(value["event_time"]), parse_time(value["effective_at"]), *times,
        tuple(Reason(**one) for one in value["reasons"]), Versions(**value["versions"]), Position(**value["input"]),
        value["by"], value["opening"],
    )  # fmt: skip


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
            topics = sent.topics
            cluster = make_cluster(transactions=topics.transactions, labels=topics.labels, decisions=topics.decisions)
            settings = flow_settings(place / "state", cluster.bootstrap, cluster.topics, **changes)
            run_to_end(settings, cluster.url, cluster.url, cluster.url)
            return cluster.outputs()
        events, labels, decisions = (place / f"{name}.jsonl" for name in ("events", "labels", "decisions"))
        write_lines(events, event_records(stream))
        write_lines(labels, label_records(stream))
        write_lines(decisions, decision_records(stream))
        out = place / "out"
        settings = flow_settings(place / "state", **changes)
        run_to_end(settings, str(events), str(labels), str(out), decisions=str(decisions))
        return read_directory(out)

    return run


@pytest.mark.parametrize("case", CASES, ids=str)
def test_each_event_has_one_update_and_all_are_as_the_contract_says(case: Case, run: RunCase, stream: Stream) -> None:
    outputs = run(case)
    assert updates_by_event(outputs).keys() == stream.event_ids
    assert outputs.letters == []
    for record in outputs.updates:
        assert RiskUpdateMessage.model_validate(record.value).update_id == record.id
    for record in outputs.risks:
        assert UserRiskMessage.model_validate(record.value).risk_id == record.id
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
    assert risks_by_id(run(case)) == risks_by_id(run(REFERENCE))


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


def test_what_opens_actions_is_what_the_policy_says(run: RunCase) -> None:
    updates = updates_by_event(run(REFERENCE))
    opened = [record.value for record in run(REFERENCE).actions if record.value["status"] == "opened"]
    for action in opened:
        if action["by"] == "decision":
            assert action["action"] == "hold_order"
            continue
        update = updates[action["event_id"]]
        expected = {
            "likely": ("hold_order", update["event_type"] == "payment" and update["score"] >= 0.9),
            "odd-login": ("review", update["event_type"] == "login" and update["score"] >= 0.75),
            "risky-user": ("step_up", update["level"] == "high"),
        }
        assert expected[action["cause"]] == (action["action"], True)
    decided = {action["order_id"] for action in opened if action["by"] == "decision"}
    held = {action["event_id"] for action in opened if action["action"] == "hold_order"} | decided
    likely = {
        event for event, update in updates.items() if update["event_type"] == "payment" and update["score"] >= 0.9
    }
    assert len(likely - held) < len(likely) / 10  # orders that people have settled before


@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_life_is_whole(case: Case, run: RunCase) -> None:
    lives: dict[str, list[PolicyAction]] = {}
    for record in run(case).actions:
        lives.setdefault(record.value["user_id"], []).append(as_action(record.value))
    for taken in lives.values():
        check_lives(taken, over=False)
    ways = Counter((one.status, one.by) for taken in lives.values() for one in taken)
    assert ways.keys() == WAYS
    assert min(ways.values()) > 3


def test_the_latest_record_tells_a_users_risk(run: RunCase) -> None:
    outputs = run(REFERENCE)
    by_event = {record.value["event_id"]: record.value for record in outputs.risks}
    told: dict[str, dict[str, Any]] = {}
    falls = [record.value for record in outputs.risks if record.value["event_id"] is None]
    assert len(falls) > 20
    seen = 0
    for record in outputs.updates:
        update = record.value
        user, time = update["user_id"], parse_time(update["event_time"])
        fallen = [one for one in falls if one["user_id"] == user and parse_time(one["at"]) <= time]
        before = max([told[user], *fallen] if user in told else fallen, key=lambda one: one["at"], default=None)
        latest = told[user] = by_event.get(update["event_id"], before)
        if latest is None:
            assert (update["level"], update["user_risk"] < 0.2) == ("low", True)
        elif parse_time(latest["at"]) <= time:
            fading = 0.5 ** ((time - parse_time(latest["at"])) / 1_000 / latest["half_life"])
            assert update["level"] == latest["level"]
            assert abs(update["user_risk"] - latest["user_risk"] * fading) < 0.2
            seen += 1
        if told[user] is None:
            del told[user]
    assert seen > 500


def test_a_users_records_share_a_partition(run: RunCase) -> None:
    outputs = run(REFERENCE)
    for record in outputs.updates + outputs.risks + outputs.actions:
        assert record.key == record.value["user_id"].encode()
        assert record.partition == partition_of(record.key, PARTITIONS)
    assert {record.partition for record in outputs.updates} == set(range(PARTITIONS))
