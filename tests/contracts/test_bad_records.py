"""Every kind of bad record is refused, with a reason that names what is wrong with it."""

import json
import random
from typing import Any

import pytest

from contracts.codec import InvalidRecordError, decode_decision, decode_event, decode_label
from tests.contracts.bad_records import HUGE, HUGE_EVERY, KINDS, SMALL, bad_records, good_fields


@pytest.mark.parametrize("kind", KINDS)
def test_the_reason_names_what_is_wrong(kind: str) -> None:
    rng = random.Random(7)
    for _ in range(2 if kind in HUGE else 20):
        with pytest.raises(InvalidRecordError) as refusal:
            decode_event(KINDS[kind].make(rng))
        assert refusal.value.code == KINDS[kind].code
        assert KINDS[kind].says in str(refusal.value)
        assert len(str(refusal.value)) < 1_000


def test_the_same_record_without_its_fault_is_accepted() -> None:
    assert decode_event(json.dumps(good_fields(random.Random(7))).encode()).user_id


def test_the_stream_is_seeded_and_holds_every_kind() -> None:
    first = list(bad_records(7, len(SMALL) + 1))
    assert first == list(bad_records(7, len(SMALL) + 1))
    assert first != list(bad_records(8, len(SMALL) + 1))
    assert {kind for kind, _ in first} >= set(SMALL) - {next(iter(SMALL))}
    assert first[0][0] in HUGE


def test_huge_records_are_few() -> None:
    assert sum(len(data) for _, data in bad_records(7, HUGE_EVERY)) < 4_000_000


def test_wrong_labels_name_their_fields() -> None:
    with pytest.raises(
        InvalidRecordError, match=r"label: Input should be 'fraud'.*label_time: must lie between"
    ) as refusal:
        decode_label(b'{"event_id":"e","user_id":"u","label":"Fraud","label_time":0,"source":"bank"}')
    assert refusal.value.code == "invalid_field"


DECISION = {
    "decision_id": "d", "user_id": "u", "order_id": "o", "verdict": "override", "action": "hold_order",
    "expires_at": "2026-02-01T00:00:00Z", "decision_time": "2026-01-31T12:00:00Z", "decided_by": "ann", "reason": "why",
}  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"order_id": None}, "action_id: missing, and order_id too"),
        ({"verdict": "release"}, "action: goes with override"),
        ({"action": None}, "action: goes with override"),
        ({"action": "hold"}, "action: Input should be 'allow'"),
        ({"expires_at": None}, "expires_at: a hold_order must end"),
        ({"action": "limit"}, "limit: goes with the action limit"),
        ({"limit": {"count": 3, "per": 60}}, "limit: goes with the action limit"),
        ({"action": "limit", "limit": {"count": 3, "amount": 5, "per": 60}}, "either an amount or a count"),
        ({"action": "limit", "limit": {"per": 60}}, "limit: must have either an amount or a count"),
        ({"action": "limit", "limit": {"count": 3, "per": 0}}, r"limit.per: Input should be greater"),
        ({"action": "hide_review"}, "action_id: missing: a hide_review is on one event"),
        ({"expires_at": "2026-01-31T12:00:00Z"}, "expires_at: goes with override, and lies after decision_time"),
        ({"verdict": "release", "action": None}, "expires_at: goes with override"),
        ({"verdict": "pardon"}, "verdict: Input should be 'release'"),
        ({"decided_by": ""}, "decided_by: String should have at least 1"),
        ({"reason": "x" * 301}, "reason: String should have at most 300"),
        ({"decision_time": "yesterday"}, "decision_time: must be RFC 3339"),
    ],
)
def test_wrong_decisions_name_their_fields(changes: dict[str, Any], says: str) -> None:
    assert decode_decision(json.dumps(DECISION).encode()).expires_at
    with pytest.raises(InvalidRecordError, match=says) as refusal:
        decode_decision(json.dumps(DECISION | changes).encode())
    assert refusal.value.code == "invalid_field"


def test_reasons_carry_no_control_characters() -> None:
    data = json.dumps(good_fields(random.Random(7)) | {"attributes": {"\x1b[2J\n": None}}).encode()
    with pytest.raises(InvalidRecordError, match=r"x1b\[2J") as refusal:
        decode_event(data)
    assert str(refusal.value).isprintable()
