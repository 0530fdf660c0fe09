"""Every kind of bad record is refused, with a reason that names what is wrong with it."""

import json
import random

import pytest

from contracts.codec import InvalidRecordError, decode_event, decode_label
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


def test_reasons_carry_no_control_characters() -> None:
    data = json.dumps(good_fields(random.Random(7)) | {"attributes": {"\x1b[2J\n": None}}).encode()
    with pytest.raises(InvalidRecordError, match=r"x1b\[2J") as refusal:
        decode_event(data)
    assert str(refusal.value).isprintable()
