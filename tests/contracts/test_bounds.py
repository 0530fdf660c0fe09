"""Every bound of the contract is where it says, for both decoders."""

import json
import math
from typing import Any

import pytest

from contracts.fields import MAX_AMOUNT, MAX_ATTRIBUTE_KEY, MAX_ATTRIBUTE_TEXT, MAX_ATTRIBUTES, MAX_TEXT
from contracts.times import EARLIEST, LATEST
from tests.contracts.test_codec_agreement import agree, decoded

GOOD = {"event_id": "e", "event_type": "login", "event_time": EARLIEST, "user_id": "u"}
LONGEST = {
    **dict.fromkeys(("event_id", "user_id", "order_id", "merchant_id", "device_id", "card_id"), 128),
    **dict.fromkeys(("ip", "country", "category", "outcome"), 128),
    "currency": 8,
    "text": MAX_TEXT,
}


def judge(field: str, value: Any, valid: bool) -> None:
    """Both decoders must find an event with this value valid, or not."""
    data = json.dumps(GOOD | {field: value}).encode()
    agree(data)
    assert (decoded(data) is not None) is valid


@pytest.mark.parametrize("field", LONGEST)
@pytest.mark.parametrize("character", ["a", "é", "好", "😀"])
def test_lengths_are_of_characters(field: str, character: str) -> None:
    judge(field, character * LONGEST[field], True)
    judge(field, character * (LONGEST[field] + 1), False)


@pytest.mark.parametrize("field", ["event_id", "user_id"])
def test_what_is_required_is_not_empty(field: str) -> None:
    judge(field, "", False)


@pytest.mark.parametrize(
    ("amount", "valid"),
    [
        (0, True),
        (-0.0, True),
        (-5e-324, False),
        (MAX_AMOUNT, True),
        (int(MAX_AMOUNT), True),
        (math.nextafter(MAX_AMOUNT, math.inf), False),
        (int(MAX_AMOUNT) + 1, False),
        (2**63, False),
        (10**400, False),
    ],
)
def test_amounts(amount: float, valid: bool) -> None:
    judge("amount", amount, valid)


@pytest.mark.parametrize(
    ("time", "valid"), [(EARLIEST - 1, False), (EARLIEST, True), (LATEST - 1, True), (LATEST, False)]
)
def test_times(time: int, valid: bool) -> None:
    judge("event_time", time, valid)


@pytest.mark.parametrize("more", [0, 1])
def test_attributes(more: int) -> None:
    valid = not more
    judge("attributes", {str(number): 1 for number in range(MAX_ATTRIBUTES + more)}, valid)
    judge("attributes", {"好" * (MAX_ATTRIBUTE_KEY + more): 1}, valid)
    judge("attributes", {"a": "好" * (MAX_ATTRIBUTE_TEXT + more)}, valid)
    judge("attributes", {"a": 10**308 * 10**more}, valid)
