"""What the demo reads of the flow's decisions, off their wire form."""

import msgspec


class Reason(msgspec.Struct):
    """Why."""

    code: str
    text: str


class Versions(msgspec.Struct):
    """What decided."""

    model: str
    policy: str
    features: str


class Update(msgspec.Struct):
    """A risk update."""

    event_id: str
    score: float
    level: str
    late: bool
    degraded: bool
    versions: Versions


class Action(msgspec.Struct):
    """A policy action."""

    action: str
    status: str
    user_id: str
    order_id: str | None
    event_id: str
    reasons: list[Reason]


class Letter(msgspec.Struct):
    """A dead letter."""

    reason: Reason
    bytes: str
    """Base64."""


decode_update = msgspec.json.Decoder(Update).decode
decode_action = msgspec.json.Decoder(Action).decode
decode_letter = msgspec.json.Decoder(Letter).decode
