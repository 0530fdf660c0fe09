"""The wire form of everything that travels, as pydantic models: the contracts, and the source of their JSON Schemas."""

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

from contracts.times import format_time, parse_time

Identifier = Annotated[str, Field(min_length=1, max_length=128)]
Optional = Annotated[str, Field(max_length=128)] | None
"""An optional short text; null, absent and empty mean the same."""

MAX_AMOUNT = 1e10
MAX_TEXT = 2_000
MAX_ATTRIBUTES = 32
MAX_ATTRIBUTE_KEY = 64
MAX_ATTRIBUTE_TEXT = 256

_TIME_IN = {"anyOf": [{"type": "string", "format": "date-time"}, {"type": "integer", "title": "epoch milliseconds"}]}
TimeIn = Annotated[int, BeforeValidator(parse_time), WithJsonSchema(_TIME_IN)]
"""RFC 3339 or epoch milliseconds in; epoch milliseconds in Python."""

_TIME_OUT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def _is_time_out(value: str) -> str:
    if not _TIME_OUT.fullmatch(value) or format_time(parse_time(value)) != value:
        raise ValueError("must be RFC 3339 in UTC with milliseconds, such as 2026-01-31T12:00:00.000Z")
    return value


TimeOut = Annotated[str, AfterValidator(_is_time_out), Field(json_schema_extra={"format": "date-time"})]
Amount = Annotated[float, Field(ge=0, le=MAX_AMOUNT, allow_inf_nan=False)]
AttributeKey = Annotated[str, Field(max_length=MAX_ATTRIBUTE_KEY)]
AttributeText = Annotated[str, Field(max_length=MAX_ATTRIBUTE_TEXT)]
AttributeNumber = Annotated[float, Field(allow_inf_nan=False)]


def _few_attributes(value: object) -> object:
    """Refuses too many before each is looked at and reported."""
    if isinstance(value, dict) and len(value) > MAX_ATTRIBUTES:
        raise ValueError(f"must have at most {MAX_ATTRIBUTES} entries, not {len(value)}")
    return value


Attributes = Annotated[
    dict[AttributeKey, AttributeText | bool | AttributeNumber],
    Field(max_length=MAX_ATTRIBUTES),
    BeforeValidator(_few_attributes),
]


EventType = Literal["payment", "refund", "login", "account_change", "review", "ad_click"]


class _Message(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)


class EventMessage(_Message):
    """Something that a user did on the platform."""

    event_id: Identifier
    event_type: EventType
    event_time: TimeIn
    user_id: Identifier
    order_id: Optional = None
    amount: Amount | None = None
    currency: Annotated[str, Field(max_length=8)] | None = None
    merchant_id: Optional = None
    device_id: Optional = None
    card_id: Optional = None
    ip: Optional = None
    country: Optional = None
    category: Optional = None
    text: Annotated[str, Field(max_length=MAX_TEXT)] | None = None
    outcome: Optional = None
    attributes: Attributes | None = None


class LabelMessage(_Message):
    """What became known of an event, when, and from whom."""

    event_id: Identifier
    user_id: Identifier
    label: Literal["fraud", "legitimate", "abuse"]
    label_time: TimeIn
    source: Identifier


ActionName = Literal["allow", "step_up", "review", "hold_order", "block", "limit"]
ActionStatus = Literal["opened", "released", "confirmed", "expired", "escalated", "overridden"]
ENDING = ("review", "hold_order")
"""The actions that must say when they end."""


class DecisionMessage(_Message):
    """What a person has decided on an open action, or on an order: it stands against what the policy's rules say."""

    decision_id: Identifier
    user_id: Identifier
    action_id: Optional = None
    """Any transition of the open action that is decided on."""
    order_id: Optional = None
    """The order that is decided on; needed where no action is open."""
    verdict: Literal["release", "confirm", "override"]
    action: ActionName | None = None
    """With override alone: what shall be done instead."""
    expires_at: TimeIn | None = None
    """With override alone: when that ends."""
    decision_time: TimeIn
    decided_by: Identifier
    reason: Annotated[str, Field(min_length=1, max_length=300)]

    @model_validator(mode="after")
    def _fits_together(self) -> "DecisionMessage":
        if not (self.action_id or self.order_id):
            raise ValueError("action_id: missing, and order_id too: name what is decided on")
        if (self.verdict == "override") != (self.action is not None):
            raise ValueError("action: goes with override, and override with an action")
        if self.expires_at is None and self.action in ENDING:
            raise ValueError(f"expires_at: a {self.action} must end: say when")
        if self.expires_at is not None and (self.action is None or self.expires_at <= self.decision_time):
            raise ValueError("expires_at: goes with override, and lies after decision_time")
        return self


class InputPosition(_Message):
    """The input record that made an output."""

    topic: str
    partition: Annotated[int, Field(ge=0)]
    offset: Annotated[int, Field(ge=0)]


class Versions(_Message):
    """What decided: a hash or name of the model, the policy and the feature set."""

    model: str
    policy: str
    features: str


class Reason(_Message):
    """Why, as a stable code for machines and a sentence for people."""

    code: str
    text: str


class RiskUpdateMessage(_Message):
    """The risk of one event and of its user after it. Exactly one for every event."""

    update_id: str
    event_id: Identifier
    event_type: str
    user_id: Identifier
    event_time: TimeOut
    score: Annotated[float, Field(ge=0, le=1)]
    user_risk: Annotated[float, Field(ge=0, le=1)]
    level: str
    reasons: list[Reason]
    late: bool
    """The event came after its partition's watermark: its features may differ in a replay of another interleaving."""
    degraded: bool
    """The scorer failed or was too late, and the policy's fallback decided."""
    versions: Versions
    input: InputPosition
    capped: list[str] = []
    """The features that rest on more events of an entity than are kept one by one: right to within a pane, or an
    estimate, as docs/features.md tells. Left out where there are none."""
    features: dict[str, float | None] | None = None


class UserRiskMessage(_Message):
    """A user's risk from a moment on, by which it may be computed at any later time t:

    `user_risk * 0.5 ** ((t - at) / half_life)`. The topic is compacted: each user's latest is kept.
    """

    risk_id: str
    user_id: Identifier
    user_risk: Annotated[float, Field(ge=0, le=1)]
    level: str
    at: TimeOut
    half_life: Annotated[float, Field(gt=0)]
    """Seconds."""
    event_id: Identifier | None
    """The event whose score moved the risk; null where it only faded, down to another level."""
    versions: Versions
    input: InputPosition | None
    """The event's; null without one."""


class PolicyActionMessage(_Message):
    """A transition in the life of an action that a policy took."""

    action_id: str
    action: ActionName
    status: ActionStatus
    follows: str | None
    """The action_id that this transition follows, or null for an opening."""
    cause: str
    """The rule that took the action."""
    user_id: Identifier
    order_id: str | None
    event_id: Identifier
    event_time: TimeOut
    effective_at: TimeOut
    expires_at: TimeOut | None
    reasons: list[Reason]
    versions: Versions
    input: InputPosition
    by: Literal["rule", "label", "decision", "expiry"] = "rule"
    """What made the transition."""
    opening: str | None = None
    """The action_id of the opening that this life began with, or null for an opening."""


class DeadLetterMessage(_Message):
    """A record that could not become an event, whole, with a reason that a person can act on."""

    letter_id: str
    reason: Reason
    input: InputPosition
    bytes: str
    """The record's value, base64."""


MESSAGES: dict[str, type[BaseModel]] = {
    "event": EventMessage,
    "label": LabelMessage,
    "decision": DecisionMessage,
    "risk-update": RiskUpdateMessage,
    "user-risk": UserRiskMessage,
    "policy-action": PolicyActionMessage,
    "dead-letter": DeadLetterMessage,
}


def json_schemas() -> dict[str, dict[str, Any]]:
    """JSON Schema (2020-12) of every message, by its name."""
    dialect = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    return {name: dialect | model.model_json_schema() for name, model in MESSAGES.items()}
