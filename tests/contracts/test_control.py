"""Changes of what is decided by, between bytes and the flow's own types."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.codec import InvalidRecordError, decode_control
from contracts.control import (
    ControlChange,
    EffectiveFrom,
    control_key,
    encode_accepted,
    encode_control,
    encode_effective,
)
from contracts.events import Position
from contracts.messages import INITIAL, ControlMessage, PolicyChangeMessage
from contracts.times import EARLIEST, LATEST

texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
times = st.integers(EARLIEST, LATEST - 1)
policies = st.builds(
    lambda *head, text, files: ControlChange(*head, text=text, files=files),
    texts, st.just("policy"), texts.filter(lambda name: name != INITIAL), times, texts, texts,
    text=texts, files=st.dictionaries(texts, texts, max_size=2),
)  # fmt: skip
initials = st.builds(ControlChange, texts, st.just("policy"), st.just(INITIAL), times, texts, texts)
entries = st.builds(
    lambda *head, entry, member: ControlChange(*head, entry=entry, member=member),
    texts, st.just("list"), texts, times, texts, texts, entry=texts, member=st.booleans(),
)  # fmt: skip
thresholds = st.builds(
    lambda *head, value: ControlChange(*head, value=value),
    texts, st.just("threshold"), texts, times, texts, texts, value=st.none() | st.floats(0, 1),
)  # fmt: skip
changes = policies | initials | entries | thresholds
positions = st.builds(Position, texts, st.integers(0, 9), st.integers(0, 2**40))

ENTRY = {
    "change_id": "c1", "kind": "list", "name": "blocked", "entry": "u1", "member": True,
    "effective_at": "2026-01-31T12:00:00Z", "by": "ann", "reason": "Chargebacks.",
}  # fmt: skip
POLICY = ENTRY | {"kind": "policy", "name": "shop@2#abcdef01", "text": "…", "entry": None, "member": None}


@given(changes)
def test_what_is_written_is_read_again(change: ControlChange) -> None:
    assert decode_control(encode_control(change)) == change
    ControlMessage.model_validate_json(encode_control(change))


@given(changes, positions)
def test_the_record_of_an_accepted_change_can_be_replayed(change: ControlChange, position: Position) -> None:
    identity, value = encode_accepted(change, position)
    assert decode_control(value) == change
    assert PolicyChangeMessage.model_validate_json(value).record_id == identity


@given(st.lists(texts, min_size=1, max_size=3).map(tuple), times, positions, texts)
def test_the_record_of_where_changes_count_from_changes_nothing(
    ids: tuple[str, ...], at: int, position: Position, policy: str
) -> None:
    identity, value = encode_effective(EffectiveFrom(ids, at, position, policy))
    message = PolicyChangeMessage.model_validate_json(value)
    assert decode_control(value) is None
    assert (message.record_id, tuple(message.changes), message.policy) == (identity, ids, policy)
    assert Position(**message.input.model_dump()) == position


@given(st.lists(changes, max_size=20))
def test_keys_differ_where_one_change_does_not_replace_the_other(some: list[ControlChange]) -> None:
    for change in some:
        assert control_key(change).decode().startswith(f"{change.kind}/{change.name}")
    assert control_key(ControlChange("a", "list", "l", EARLIEST, "b", "r", entry="x", member=True)) == b"list/l/x"


@pytest.mark.parametrize(
    ("bad", "field"),
    [
        (ENTRY | {"kind": "lists"}, "kind"),
        (ENTRY | {"member": None}, "entry, member"),
        (ENTRY | {"kind": "threshold"}, "entry, member"),
        (ENTRY | {"value": 0.5}, "value"),
        (ENTRY | {"text": "x"}, "text"),
        (ENTRY | {"effective_at": "tomorrow"}, "effective_at"),
        (ENTRY | {"reason": ""}, "reason"),
        (POLICY | {"text": None}, "text"),
        (POLICY | {"name": INITIAL}, "text"),
        ({name: value for name, value in ENTRY.items() if name != "by"}, "by"),
    ],
)
def test_what_is_wrong_is_named(bad: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidRecordError, match=f"^{field}: "):
        decode_control(json.dumps(bad).encode())


@pytest.mark.parametrize("data", [b"", b"{", b"\xff", b"[]", b'"record_id"'])
def test_what_is_no_change_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidRecordError):
        decode_control(data)
