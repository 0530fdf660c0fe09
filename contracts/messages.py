"""The wire form of everything that travels, as pydantic models: the contracts, and the source of their JSON Schemas."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, model_validator

from contracts.fields import MAX_AMOUNT, MAX_TEXT, Amount, Attributes, Identifier, Message, Optional, TimeIn, TimeOut

EventType = Literal["payment", "refund", "login", "account_change", "review", "ad_click"]


class EventMessage(Message):
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


class LabelMessage(Message):
    """What became known of an event, when, and from whom."""

    event_id: Identifier
    user_id: Identifier
    label: Literal["fraud", "legitimate", "abuse"]
    label_time: TimeIn
    source: Identifier


ActionName = Literal[
    "allow", "limit", "step_up", "review", "distrust_click", "hide_review", "delay_refund", "hold_order", "block"
]
ActionStatus = Literal["opened", "released", "confirmed", "expired", "escalated", "overridden"]
ENDING = ("limit", "review", "hide_review", "delay_refund", "hold_order")
"""The actions that must say when they end."""
EVENT_ACTIONS = {"distrust_click": "ad_click", "hide_review": "review", "delay_refund": "refund"}
"""The actions on one event alone, and the type of event that each is for."""


class LimitMessage(Message):
    """What a limit allows in each period: an amount of money, or a count of events."""

    amount: Annotated[float, Field(gt=0, le=MAX_AMOUNT)] | None = None
    """In units of the currency."""
    count: Annotated[int, Field(gt=0)] | None = None
    per: Annotated[float, Field(ge=0.001, le=1e9)]
    """Seconds."""

    @model_validator(mode="after")
    def _fits_together(self) -> "LimitMessage":
        if (self.amount is None) == (self.count is None):
            raise ValueError("must have either an amount or a count")
        return self


class DecisionMessage(Message):
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
    limit: LimitMessage | None = None
    """With the action limit alone: what it allows."""
    decision_time: TimeIn
    decided_by: Identifier
    reason: Annotated[str, Field(min_length=1, max_length=300)]

    @model_validator(mode="after")
    def _fits_together(self) -> "DecisionMessage":
        if not (self.action_id or self.order_id):
            raise ValueError("action_id: missing, and order_id too: name what is decided on")
        if (self.verdict == "override") != (self.action is not None):
            raise ValueError("action: goes with override, and override with an action")
        if (self.action == "limit") != (self.limit is not None):
            raise ValueError("limit: goes with the action limit, and says what it allows")
        if self.action in EVENT_ACTIONS and not self.action_id:
            raise ValueError(f"action_id: missing: a {self.action} is on one event; name an action that is on it")
        if self.expires_at is None and self.action in ENDING:
            raise ValueError(f"expires_at: a {self.action} must end: say when")
        if self.expires_at is not None and (self.action is None or self.expires_at <= self.decision_time):
            raise ValueError("expires_at: goes with override, and lies after decision_time")
        return self


class InputPosition(Message):
    """The input record that made an output."""

    topic: str
    partition: Annotated[int, Field(ge=0)]
    offset: Annotated[int, Field(ge=0)]


class Versions(Message):
    """What decided: a hash or name of the model, the policy and the feature set."""

    model: str
    policy: str
    features: str


class Reason(Message):
    """Why, as a stable code for machines and a sentence for people."""

    code: str
    text: str


class RiskUpdateMessage(Message):
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
    """The rules' that hold, the deciding one's first; then the model's, whose codes begin with `model:`."""
    late: bool
    """The event came after its partition's watermark: its features may differ in a replay of another interleaving."""
    degraded: bool
    """The scorer failed or was too late, and the policy's fallback decided."""
    versions: Versions
    input: InputPosition
    capped: tuple[str, ...] = ()
    """The features that rest on more events of an entity than are kept one by one: right to within a pane, or an
    estimate, as docs/features.md tells. Left out where there are none."""
    features: dict[str, float | None] | None = None


class UserRiskMessage(Message):
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


class PolicyActionMessage(Message):
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
    limit: LimitMessage | None = None
    """Of the action limit: what it allows."""
    subject: Literal["event", "order", "user"]
    """What the action is on: the event of `event_id`, the order, or the user, of whom each cause may have one open."""


class DeadLetterMessage(Message):
    """A record that could not become an event, whole, with a reason that a person can act on."""

    letter_id: str
    reason: Reason
    input: InputPosition
    bytes: str
    """The record's value, base64."""


ChangeKind = Literal["policy", "list", "threshold"]
INITIAL = "initial"
"""The name of the policy that the flow was started with."""

MAX_POLICY_TEXT = 400_000


class ControlMessage(Message):
    """A change of what is decided by, in force from an event time on. `control_key` gives the key of its record."""

    change_id: Identifier
    kind: ChangeKind
    name: Annotated[str, Field(min_length=1, max_length=128)]
    """The list or threshold; of a policy, its whole version, or "initial": that which the flow was started with."""
    effective_at: TimeIn
    """It counts, in each partition, from the first event on at which the partition has come so far in event time."""
    by: Identifier
    reason: Annotated[str, Field(min_length=1, max_length=300)]
    text: Annotated[str, Field(min_length=1, max_length=MAX_POLICY_TEXT)] | None = None
    """A policy's file."""
    files: dict[str, Annotated[str, Field(max_length=MAX_POLICY_TEXT)]] | None = None
    """The files of the policy's lists, by the names under which the policy knows them."""
    entry: Identifier | None = None
    """What joins or leaves a list."""
    member: bool | None = None
    """Whether it is on the list from then on."""
    value: Annotated[float, Field(allow_inf_nan=False)] | None = None
    """A threshold's; null: that of the policy's file again."""

    @model_validator(mode="after")
    def _fits_its_kind(self) -> "ControlMessage":
        if (self.kind == "list") != (self.entry is not None) or (self.entry is None) != (self.member is None):
            raise ValueError("entry, member: both go with a list, and with nothing else")
        if (self.kind == "policy" and self.name != INITIAL) != (self.text is not None):
            raise ValueError(f'text: goes with a policy, unless that is "{INITIAL}", and with nothing else')
        if self.files is not None and self.text is None:
            raise ValueError("files: go with a policy's text")
        if self.value is not None and self.kind != "threshold":
            raise ValueError("value: goes with a threshold")
        return self


class PolicyChangeMessage(Message):
    """That a change was accepted, or from where in an input partition on changes count."""

    record_id: str
    status: Literal["accepted", "effective"]
    changes: list[Identifier]
    """The change_id of each."""
    at: TimeOut
    """Of what was accepted, when it becomes effective; otherwise the event time that the partition had reached."""
    input: InputPosition
    """The control record that was accepted; otherwise the first record that is decided by what has changed."""
    policy: str | None
    """The version of the policy in force from there on; null of what was accepted."""
    change: ControlMessage | None
    """What was accepted, whole."""


MESSAGES: dict[str, type[BaseModel]] = {
    "event": EventMessage,
    "label": LabelMessage,
    "decision": DecisionMessage,
    "risk-update": RiskUpdateMessage,
    "user-risk": UserRiskMessage,
    "policy-action": PolicyActionMessage,
    "dead-letter": DeadLetterMessage,
    "control": ControlMessage,
    "policy-change": PolicyChangeMessage,
}


def json_schemas() -> dict[str, dict[str, Any]]:
    """JSON Schema (2020-12) of every message, by its name."""
    dialect = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    return {name: dialect | model.model_json_schema() for name, model in MESSAGES.items()}
