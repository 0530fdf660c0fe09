"""What is encoded is what the contracts say, field for field."""

from base64 import b64decode
from math import isnan
from typing import get_args

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.decisions import (
    PolicyAction,
    Reason,
    RiskUpdate,
    UserRiskChange,
    Versions,
    encode_dead_letter,
    encode_policy_action,
    encode_risk_update,
    encode_user_risk,
)
from contracts.events import EVENT_TYPES, Limit, Position
from contracts.messages import (
    ActionName,
    ActionStatus,
    DeadLetterMessage,
    PolicyActionMessage,
    RiskUpdateMessage,
    UserRiskMessage,
)
from contracts.times import EARLIEST, LATEST, format_time

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
identifiers = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=128)
times = st.integers(EARLIEST, LATEST - 1)
probabilities = st.floats(0, 1)
reasons = st.lists(st.builds(Reason, texts, texts), max_size=3).map(tuple)
versions = st.builds(Versions, texts, texts, texts)
positions = st.builds(Position, texts, st.integers(0, 2**31 - 1), st.integers(0, 2**63 - 1))
features = st.none() | st.dictionaries(texts, st.floats(allow_infinity=False), max_size=5)
updates = st.builds(
    RiskUpdate, identifiers, st.sampled_from(EVENT_TYPES), identifiers, times, probabilities, probabilities, texts,
    reasons, st.booleans(), st.booleans(), versions, positions, features,
    st.lists(texts, max_size=3).map(tuple),
)  # fmt: skip
actions = st.builds(
    PolicyAction, st.sampled_from(get_args(ActionName)), st.sampled_from(get_args(ActionStatus)), st.none() | texts,
    texts, identifiers, texts, identifiers, times, times, st.none() | times, reasons, versions, positions,
    st.sampled_from(["rule", "label", "decision", "expiry"]), st.none() | texts,
    st.none() | st.sampled_from([Limit(200.0, None, 86_400_000), Limit(None, 3, 1)]),
    st.sampled_from(["event", "order", "user"]),
)  # fmt: skip
changes = st.builds(
    UserRiskChange, identifiers, probabilities, texts, times, st.integers(1, 10**11), texts, versions,
    st.none() | positions,
)  # fmt: skip


def plain(reason_list: tuple[Reason, ...]) -> list[dict[str, str]]:
    return [{"code": reason.code, "text": reason.text} for reason in reason_list]


@given(updates)
def test_an_update_is_what_the_contract_says(update: RiskUpdate) -> None:
    identity, data = encode_risk_update(update)
    message = RiskUpdateMessage.model_validate_json(data)
    assert orjson.loads(data).keys() | {"features", "capped"} == RiskUpdateMessage.model_fields.keys()
    assert message.update_id == identity
    for field in ("event_id", "event_type", "user_id", "level", "late", "degraded"):
        assert getattr(message, field) == getattr(update, field)
    assert message.event_time == format_time(update.event_time)
    assert (message.score, message.user_risk) == (round(update.score, 6), round(update.user_risk, 6))
    assert [reason.model_dump() for reason in message.reasons] == plain(update.reasons)
    assert (message.capped, b'"capped":' in data) == (update.capped, bool(update.capped))


@given(updates)
def test_features_go_out_by_name_and_unknown_ones_as_null(update: RiskUpdate) -> None:
    written = orjson.loads(encode_risk_update(update)[1])
    if update.features is None:
        assert "features" not in written
    else:
        known = {name: None if isnan(value) else value for name, value in update.features.items()}
        assert written["features"] == known


@given(actions)
def test_an_action_is_what_the_contract_says(action: PolicyAction) -> None:
    identity, data = encode_policy_action(action)
    message = PolicyActionMessage.model_validate_json(data)
    assert orjson.loads(data).keys() == PolicyActionMessage.model_fields.keys()
    assert message.action_id == identity
    for field in ("action", "status", "follows", "cause", "user_id", "event_id", "by", "opening", "subject"):
        assert getattr(message, field) == getattr(action, field)
    assert message.order_id == (action.order_id or None)
    assert message.event_time == format_time(action.event_time)
    assert message.effective_at == format_time(action.effective_at)
    assert message.expires_at == (None if action.expires_at is None else format_time(action.expires_at))
    assert [reason.model_dump() for reason in message.reasons] == plain(action.reasons)
    limit = message.limit and Limit(message.limit.amount, message.limit.count, round(message.limit.per * 1_000))
    assert limit == action.limit


@given(changes)
def test_a_users_risk_is_what_the_contract_says(change: UserRiskChange) -> None:
    identity, data = encode_user_risk(change)
    message = UserRiskMessage.model_validate_json(data)
    assert orjson.loads(data).keys() == UserRiskMessage.model_fields.keys()
    assert (message.risk_id, message.user_id, message.level) == (identity, change.user_id, change.level)
    assert (message.user_risk, message.half_life) == (round(change.user_risk, 6), change.half_life / 1_000)
    assert (message.at, message.event_id) == (format_time(change.at), change.event_id or None)


@given(updates | actions)
def test_versions_and_position_go_out_whole(decision: RiskUpdate | PolicyAction) -> None:
    data = encode_risk_update(decision) if isinstance(decision, RiskUpdate) else encode_policy_action(decision)
    written = orjson.loads(data[1])
    for name, value in (("versions", decision.versions), ("input", decision.input)):
        assert written[name] == {field: getattr(value, field) for field in value.__struct_fields__}


@given(texts, texts, positions, st.binary(max_size=200))
def test_a_dead_letter_carries_the_records_bytes(code: str, text: str, position: Position, value: bytes) -> None:
    identity, data = encode_dead_letter(code, text, position, value)
    message = DeadLetterMessage.model_validate_json(data)
    assert orjson.loads(data).keys() == DeadLetterMessage.model_fields.keys()
    assert message.letter_id == identity
    assert message.reason.model_dump() == {"code": code, "text": text}
    assert b64decode(message.bytes, validate=True) == value
    assert Position(**message.input.model_dump()) == position


BASE = PolicyAction(
    "review", "opened", None, "rule", "user", "order", "event", EARLIEST, EARLIEST, None, (), Versions("m", "p", "f"),
    Position("topic", 0, 0),
)  # fmt: skip


@pytest.mark.parametrize("field", ["action", "status", "follows", "cause", "user_id", "event_id"])
def test_another_transition_has_another_id(field: str) -> None:
    other = PolicyAction(**{name: getattr(BASE, name) for name in BASE.__struct_fields__} | {field: "other"})
    assert encode_policy_action(other)[0] != encode_policy_action(BASE)[0]


def test_ids_depend_on_what_identifies_a_record_alone() -> None:
    again = PolicyAction(
        **{name: getattr(BASE, name) for name in BASE.__struct_fields__} | {"reasons": (Reason("a", "b"),)}
    )
    assert encode_policy_action(again)[0] == encode_policy_action(BASE)[0]
    letters = {encode_dead_letter("c", "t", Position("topic", *at), b"")[0] for at in [(0, 1), (1, 0), (0, 11), (0, 1)]}
    assert len(letters) == 3
