"""What the life of a user's actions is made of: judgments and outcomes that come in, and what is kept."""

from typing import Final, TypeAlias

import msgspec

from contracts.decisions import Reason, Versions
from contracts.events import Label, Position
from operators.packs import Ruled
from operators.policy.risk import NEVER

UNSCORED: Final = -1.0


class Release(msgspec.Struct, array_like=True, gc=False, frozen=True):
    """A rule that would release, and held."""

    reason: Reason
    rules: tuple[str, ...]
    """Whose actions it releases; empty: any rule's."""


class Judgment(msgspec.Struct, array_like=True, gc=False):
    """What the rules say about an event, as far as actions follow from it."""

    user_id: str
    order_id: str
    event_id: str
    event_time: int
    now: int
    """The event's time or, for a late event, its partition's watermark."""
    score: float
    """UNSCORED where there is none."""
    rule: str
    """That decides; empty where none does."""
    action: str
    expires_at: int | None
    cooldown: int
    """For so long (ms) the rule opens nothing more for the user."""
    reasons: tuple[Reason, ...]
    releases: tuple[Release, ...]
    versions: Versions
    input: Position
    escalate_by: float
    """A score that is worse by so much escalates to the same action anew."""
    received: int = 0
    """Wall clock, epoch ms: for headers."""


Outcome: TypeAlias = Label | Ruled
"""What becomes known about a user's past, and counts from its own time."""


def outcome_order(outcome: Outcome) -> tuple[int, int, str, str]:
    """By time; a decision goes before a label of the same time, and the rest makes the order total."""
    if isinstance(outcome, Ruled):
        return outcome.decision.decision_time, 0, outcome.decision.decision_id, ""
    return outcome.label_time, 1, outcome.event_id, f"{outcome.label} {outcome.source}"


class Case(msgspec.Struct, array_like=True):
    """An action that was opened and has not ended."""

    action: str
    cause: str
    """The rule."""
    order_id: str
    events: list[str]
    """The ids of the events that opened and escalated it."""
    event_time: int
    """Of the latest of them, as are versions and input."""
    since: int
    """When the latest transition took effect."""
    expires_at: int | None
    score: float
    versions: Versions
    input: Position
    records: list[str]
    """The ids of its transitions."""

    @property
    def ends_at(self) -> int:
        """When it expires; a case that is kept does."""
        return NEVER if self.expires_at is None else self.expires_at

    @property
    def key(self) -> tuple[str, str]:
        """The cause: the order or, without one, the rule."""
        return self.order_id, "" if self.order_id else self.cause


class Ruling(msgspec.Struct, array_like=True, frozen=True):
    """The latest manual decision on a cause: rules don't act on it while this stands."""

    order_id: str
    rule: str
    """Empty where there is an order."""
    at: int
    decision_id: str
    until: int


class Life(msgspec.Struct, array_like=True):
    """What is kept of a user's actions."""

    cases: list[Case] = []
    rulings: list[Ruling] = []
    cooling: dict[str, int] = {}
    """Until when a rule opens nothing more."""

    def __bool__(self) -> bool:
        return bool(self.cases or self.rulings or self.cooling)

    def find(self, order_id: str, rule: str) -> Case | None:
        """The case of a cause: of an order or, without one, of a rule."""
        cause = (order_id, "" if order_id else rule)
        return next((case for case in self.cases if case.key == cause), None)

    def ruling(self, order_id: str, rule: str) -> Ruling | None:
        """The latest decision on a cause."""
        cause = (order_id, "" if order_id else rule)
        return next((ruling for ruling in self.rulings if (ruling.order_id, ruling.rule) == cause), None)

    def is_settled(self, order_id: str, rule: str, time: int) -> bool:
        """Whether people have settled a cause."""
        ruling = self.ruling(order_id, rule)
        return ruling is not None and time < ruling.until

    def rest(self, time: int) -> "Life | None":
        """What has to be kept at a time; the same object where all of it has."""
        rulings = [ruling for ruling in self.rulings if ruling.until > time]
        cooling = {rule: until for rule, until in self.cooling.items() if until > time}
        if len(rulings) == len(self.rulings) and len(cooling) == len(self.cooling):
            return self or None
        return Life(self.cases, rulings, cooling) or None
