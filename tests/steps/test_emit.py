"""Decisions and dead letters as records: each in the partition of its key, in order, under its own id."""

from base64 import b64decode
from collections import defaultdict

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.codec import decode_decision
from contracts.decisions import (
    PolicyAction,
    Reason,
    RiskUpdate,
    UserRiskChange,
    Versions,
    action_id,
    change_id,
    update_id,
)
from contracts.events import ManualDecision, Position
from dataflows.connectors.base import OutputRecord
from dataflows.reading import SourceBatch
from dataflows.settings import TopicSettings
from dataflows.steps.emit import Emitter, RecordPack
from operators.packs import Ruled
from operators.policy import Decided
from operators.policy.life import Vain

TIME = 1_600_000_000_000
VERSIONS = Versions("model", "policy", "features")
PARTITIONS = {"risk-updates": 4, "user-risk": 5, "policy-actions": 3, "policy-changes": 1, "dead-letters": 2}
TYPES = {
    "risk-updates": "sealwax.risk-update",
    "user-risk": "sealwax.user-risk",
    "policy-actions": "sealwax.policy-action",
}


def decided(users: list[tuple[str, int]]) -> Decided:
    """An update for each user, with so many actions and changes of the risk."""
    made = Decided()
    for number, (user, count) in enumerate(users):
        event_id, time, place = f"e{number}", TIME + number, Position("transactions", 0, number)
        why = (Reason("rule", "Because."),)
        update = RiskUpdate(event_id, "payment", user, time, 0.5, 0.5, "low", why, False, False, VERSIONS, place)
        made.updates.append((update, number))
        for one in range(count):
            action = PolicyAction(
                "review", "opened", None, f"r{one}", user, "", event_id, time, time, None, why, VERSIONS, place
            )
            change = UserRiskChange(user, 0.5, f"level {one}", time, 1_000, event_id, VERSIONS, place)
            made.actions.append((action, None))
            made.changes.append((change, number))
    return made


@pytest.fixture(scope="module")
def emitter() -> Emitter:
    return Emitter(TopicSettings(), PARTITIONS)


USERS = st.sampled_from(["u0", "u1", "é", "u3"])
DECIDED = st.lists(st.lists(st.tuples(USERS, st.integers(0, 2)), max_size=6), max_size=3)


@given(DECIDED)
def test_each_record_is_written_where_its_user_is(groups: list[list[tuple[str, int]]]) -> None:
    emitter = Emitter(TopicSettings(), PARTITIONS)
    everything = [decided(group) for group in groups]
    packs = list(emitter.decisions([("00", one) for one in everything]))
    assert len({name for name, _ in packs}) == len(packs)
    assert ids(packs, "risk-updates") == by_user(
        [
            (update.user_id, update_id(update.user_id, update.event_id))
            for one in everything
            for update, _ in one.updates
        ]
    )
    assert ids(packs, "user-risk") == by_user(
        [(change.user_id, change_id(change)) for one in everything for change, _ in one.changes]
    )
    assert ids(packs, "policy-actions") == by_user(
        [(action.user_id, action_id(action)) for one in everything for action, _ in one.actions]
    )
    for name, pack in packs:
        topic = name.rpartition("-")[0]
        for record in pack.records:
            number = orjson.loads(record.value)["input"]["offset"]
            received = None if topic == "policy-actions" else number
            assert (record.time, record.type, record.received) == (TIME + number, TYPES[topic], received)


def by_user(pairs: list[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for user, identity in pairs:
        found[user].append(identity)
    return found


def ids(packs: list[tuple[str, RecordPack]], topic: str) -> dict[str, list[str]]:
    """The ids of a topic's records by user, none of whom is in two partitions."""
    places: dict[str, str] = {}
    pairs = []
    for name, pack in packs:
        if name.rpartition("-")[0] != topic:
            continue
        assert 0 <= int(name.rpartition("-")[2]) < PARTITIONS[topic]
        for record in pack.records:
            content = orjson.loads(record.value)
            assert record.key == content["user_id"].encode()
            assert places.setdefault(content["user_id"], name) == name
            pairs.append((content["user_id"], record.id))
    return by_user(pairs)


def test_dead_letters_go_to_their_topic_as_they_are(emitter: Emitter) -> None:
    letters = [OutputRecord(f"id{number}", b"key", b"{}", "sealwax.dead-letter", TIME, 5) for number in range(3)]
    first, second = SourceBatch(0), SourceBatch(1)
    first.letters, second.letters = letters[:2], letters[2:]
    ((name, pack),) = emitter.read([first, second])
    assert name.startswith("dead-letters-")
    assert pack.records == letters
    assert list(emitter.read([SourceBatch(0)])) == []


def test_a_decision_without_effect_becomes_a_dead_letter(emitter: Emitter) -> None:
    place = Position("decisions", 1, 7)
    decision = ManualDecision("d1", "u1", "gone", "", "release", "", None, TIME, "ann", "Seen.")
    made = Decided(vain=[Vain(Ruled(decision, place), "too late")])
    ((name, pack),) = emitter.decisions([("group", made)])
    (record,) = pack.records
    letter = orjson.loads(record.value)
    assert name.startswith("dead-letters-")
    assert (record.key, record.type, record.time) == (b"u1", "sealwax.dead-letter", TIME)
    assert letter["reason"] == {"code": "decision_without_effect", "text": "too late"}
    assert letter["input"] == {"topic": "decisions", "partition": 1, "offset": 7}
    assert decode_decision(b64decode(letter["bytes"])) == decision
