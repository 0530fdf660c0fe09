"""Events and labels as the flow holds them: slim, typed and cheap to pass between processes.

The wire form and its JSON Schema are in `messages`; `codec` turns one into the other.
"""

from typing import Final

import msgspec

EVENT_TYPES: Final = ("payment", "refund", "login", "account_change", "review", "ad_click")
LABELS: Final = ("fraud", "legitimate", "abuse")

AMOUNT_SCALE: Final = 10_000
"""An amount is an integer count of 1/10,000 of its currency's unit: sums are exact in every ISO 4217 currency."""


class Event(msgspec.Struct, array_like=True, gc=False):
    """One valid event. Empty text stands for an absent optional field; `amount` is None where absent."""

    event_id: str
    event_type: str
    event_time: int
    """Epoch milliseconds."""
    user_id: str
    order_id: str = ""
    amount: int | None = None
    """In units of 1 / AMOUNT_SCALE."""
    currency: str = ""
    merchant_id: str = ""
    device_id: str = ""
    card_id: str = ""
    ip: str = ""
    country: str = ""
    category: str = ""
    text: str = ""
    outcome: str = ""
    attributes: dict[str, str | float | bool] | None = None


class Label(msgspec.Struct, array_like=True, gc=False):
    """What became known of an event, and when (`label_time`, epoch milliseconds)."""

    event_id: str
    user_id: str
    label: str
    label_time: int
    source: str


class Limit(msgspec.Struct, array_like=True, gc=False, frozen=True):
    """What a limit allows in each period of `per` milliseconds: an amount or a count; one is None."""

    amount: float | None
    """In units of the currency."""
    count: int | None
    per: int


class ManualDecision(msgspec.Struct, array_like=True, gc=False, frozen=True):
    """What a person has decided, and when (`decision_time`, epoch milliseconds). Empty text: an absent field."""

    decision_id: str
    user_id: str
    action_id: str
    order_id: str
    verdict: str
    action: str
    expires_at: int | None
    decision_time: int
    decided_by: str
    reason: str
    limit: Limit | None = None
    """With a limit alone."""


class Position(msgspec.Struct, array_like=True, gc=False, frozen=True):
    """Where an input record lies."""

    topic: str
    partition: int
    offset: int
