"""What the life of a user's actions is made of: judgments and outcomes that come in, and what is kept."""

from typing import Final, NamedTuple, TypeAlias

import msgspec

from contracts.decisions import Reason, Versions
from contracts.events import Label, Limit, Position
from contracts.messages import EVENT_ACTIONS
from operators.packs import Ruled
from operators.policy.risk import NEVER

UNSCORED: Final = -1.0


class Subject(NamedTuple):
    """What an action is on, of a user's: one event alone, an order or, where neither, whatever breaks a rule.

    The other two are empty. Of one subject, one action at most is open.
    """

    order_id: str
    rule: str
    event_id: str

    @classmethod
    def of(cls, order_id: str, rule: str, event_id: str) -> "Subject":
        """The narrowest."""
        if event_id:
            return cls("", "", event_id)
        return cls(order_id, "", "") if order_id else cls("", rule, "")

    @property
    def kind(self) -> str:
        """What it is: an event, an order or, as far as a rule goes, a user."""
        return "event" if self.event_id else "order" if self.order_id else "user"


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
    limit: Limit | None = None
    """Of the action limit alone."""

    @property
    def concerns(self) -> str:
        """The event, where the action is on it alone."""
        return self.event_id if self.action in EVENT_ACTIONS else ""

    @property
    def subject(self) -> Subject:
        """What the action would be on."""
        return Subject.of(self.order_id, self.rule, self.concerns)


Outcome: TypeAlias = Label | Ruled
"""What becomes known about a user's past, and counts from its own time."""


WITHOUT_EFFECT: Final = "decision_without_effect"
"""The reason's code of a dead letter that tells of one."""


class Vain(NamedTuple):
    """A manual decision that changes nothing, and why."""

    ruled: Ruled
    text: str


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
    limit: Limit | None = None
    """Of the action limit alone."""
    concerns: str = ""
    """The event, where the action is on it alone."""

    @property
    def ends_at(self) -> int:
        """When it expires; a case that is kept does."""
        return NEVER if self.expires_at is None else self.expires_at

    @property
    def subject(self) -> Subject:
        """What the action is on."""
        return Subject.of(self.order_id, self.cause, self.concerns)


class Ruling(msgspec.Struct, array_like=True, frozen=True):
    """The latest manual decision on a subject: rules don't act on it while this stands."""

    order_id: str
    rule: str
    at: int
    decision_id: str
    until: int
    event_id: str = ""

    @property
    def subject(self) -> Subject:
        """What was decided on."""
        return Subject(self.order_id, self.rule, self.event_id)


class Life(msgspec.Struct, array_like=True):
    """What is kept of a user's actions."""

    cases: list[Case] = []
    rulings: list[Ruling] = []
    cooling: dict[str, int] = {}
    """Until when a rule opens nothing more."""

    def __bool__(self) -> bool:
        return bool(self.cases or self.rulings or self.cooling)

    def find(self, subject: Subject) -> Case | None:
        """The open case of a subject."""
        return next((case for case in self.cases if case.subject == subject), None)

    def ruling(self, subject: Subject) -> Ruling | None:
        """The latest decision on a subject."""
        return next((ruling for ruling in self.rulings if ruling.subject == subject), None)

    def is_settled(self, subject: Subject, time: int) -> bool:
        """Whether people have settled a subject."""
        ruling = self.ruling(subject)
        return ruling is not None and time < ruling.until

    def rest(self, time: int) -> "Life | None":
        """What has to be kept at a time; the same object where all of it has."""
        rulings = [ruling for ruling in self.rulings if ruling.until > time]
        cooling = {rule: until for rule, until in self.cooling.items() if until > time}
        if len(rulings) == len(self.rulings) and len(cooling) == len(self.cooling):
            return self or None
        return Life(self.cases, rulings, cooling) or None
