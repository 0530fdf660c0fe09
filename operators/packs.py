"""What travels between the steps: packs of many events each, since the engine's cost is per item.

Inside a process a pack passes as it is; between processes it is pickled by the engine, as msgpack bytes.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from contracts.decisions import Reason
from contracts.events import Event, Label, ManualDecision, Position


class Pack(msgspec.Struct, array_like=True, gc=False):
    """Base of the packs that may be exchanged between processes."""

    def __reduce__(self) -> tuple[Callable[..., "Pack"], tuple[type["Pack"], bytes]]:
        return unpack, (type(self), msgspec.msgpack.encode(self))


def unpack(kind: type[Pack], data: bytes) -> Pack:
    """The pack that was encoded as `data`."""
    return msgspec.msgpack.decode(data, type=kind)


class Arrival(Pack):
    """An event and how it came."""

    event: Event
    partition: int
    offset: int
    late: bool
    """Older than its partition's watermark."""
    received: int
    """Wall-clock epoch ms: travels in headers, never in a value."""
    mark: int = 0
    """Where it is late: the watermark that it came after."""
    peak: int = 0
    """Where its partition was further than its own time: how far."""

    @property
    def reached(self) -> int:
        """How far its partition has come with it: what is in force there decides."""
        return self.peak or self.event.event_time

    @property
    def token(self) -> int:
        """One number for the input position, unique within the topic."""
        return self.partition << 44 | self.offset


class Ruled(Pack):
    """A manual decision, and where it lies."""

    decision: ManualDecision
    input: Position

    @property
    def user_id(self) -> str:
        """Whose actions are decided on."""
        return self.decision.user_id


class Tidings(Pack):
    """What goes along with a user key group's events, to the policy."""

    labels: list[Label]
    decisions: list[Ruled]
    clock: int | None
    """Where it has moved: what every input has passed in event time, as soon as the events before have been decided."""
    idle: bool
    """Nothing comes from any input; the clock is that of the furthest."""


class UserPack(Pack):
    """Route to users: one user key group's share of what the source read."""

    group: int
    arrivals: list[Arrival]
    labels: list[Label]
    watermarks: list[tuple[int, int]]
    """(input number, its watermark) where one has moved."""
    decisions: list[Ruled] = []


class Query(Pack):
    """An event as seen by one of its entities: to be placed in the entity's ring and answered with its features."""

    kind: int
    entity: int
    time: int
    values: tuple[int, ...]
    group: int
    token: int


class EntityLabel(Pack):
    """What became known of an event, for one of its entities."""

    kind: int
    entity: int
    time: int
    label_time: int
    label: str
    replaced: str
    """The label that it had before; empty where no feature asks for that."""
    matches: int
    """As bits, which of the entity's features over labels look at the event."""


class EntityPack(Pack):
    """Spread to entities: one entity key group's share."""

    group: int
    queries: list[Query]
    labels: list[EntityLabel]
    watermarks: list[tuple[int, int]]
    """(user key group, its watermark) where one has moved."""


class Reply(Pack):
    """An entity's features for one event."""

    token: int
    kind: int
    features: list[float]
    late: bool
    """The event came after a read that should have seen it."""
    group: int
    capped: tuple[int, ...] = ()
    """The numbers of those features that rest on more than the entity's latest events."""


class Enriched(Pack):
    """An event on its way to the scorer, with its window and the features known so far."""

    arrival: Arrival
    features: list[float]
    window: bytes
    waiting: int
    """The kinds of entities that have not replied yet, as bits."""
    late: bool
    capped: tuple[str, ...] = ()
    """The names of the features that rest on more than an entity's latest events."""


class JoinPack(Pack):
    """Spread and gather to join: one user key group's events and replies."""

    group: int
    enriched: list[Enriched]
    replies: list[Reply]
    tidings: Tidings | None = None


class Joined(Pack):
    """Join to score: events that may go on, in order."""

    events: list[Enriched]
    tidings: Tidings | None = None


class Scored(Pack):
    """An event with its whole feature vector and its score; None where the scorer gave none."""

    enriched: Enriched
    score: float | None
    reasons: tuple[Reason, ...] = ()
    """The scorer's own, where it was asked for them."""


class ScoredPack(Pack):
    """Score to policy: one user key group's events."""

    group: int
    scored: list[Scored]
    tidings: Tidings | None = None


_encode = msgspec.msgpack.Encoder().encode


Waiting = tuple[Query | None, EntityLabel | None]
"""One of the two, as it waits at an entity."""


def encode_list(items: list[Any]) -> bytes:
    """Compact bytes of a list of packs, for state."""
    return _encode(items)


def encode_raw(item: Any) -> msgspec.Raw:
    """An item of such a list, encoded before the list is."""
    return msgspec.Raw(_encode(item))


def list_decoder(kind: Any) -> Callable[[bytes], list[Any]]:
    """The inverse of `encode_list` for items of one type."""
    return msgspec.msgpack.Decoder(list[kind]).decode
