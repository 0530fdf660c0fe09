"""Holds as those keep them who obey a policy's actions: what each transition makes of one, or why it can't be applied.

A hold is the life of one action, whatever its kind: it begins with an opening, and each transition follows the one
before. So a consumer that gets a transition out of its order, or has missed one, knows it.
"""

from typing import Final, Literal, NamedTuple

import msgspec

from contracts.decisions import Reason
from contracts.events import Limit, ManualDecision
from contracts.keys import record_id
from contracts.messages import PolicyActionMessage
from contracts.times import parse_time

Phase = Literal["pending", "standing", "lifted"]

_PHASES: Final[dict[str, Phase]] = {"confirmed": "standing", "released": "lifted", "expired": "lifted"}
"""By the statuses that end a hold."""


class Hold(msgspec.Struct, frozen=True):
    """The present state of an action. Times are epoch milliseconds."""

    hold_id: str
    """The action_id of its opening."""
    action_id: str
    """Of its latest transition."""
    phase: Phase
    """`pending`: in force until something follows; `standing`: in force for good, as what was confirmed or has
    no end; `lifted`: no longer in force."""
    action: str
    status: str
    subject: str
    """What it is on: event, order or user. Of one subject, one hold at most is pending."""
    cause: str
    """The rule. On a user, each rule's is a subject of its own."""
    user_id: str
    order_id: str
    """Empty where there is none."""
    event_id: str
    opened_at: int
    effective_at: int
    """When the latest transition took effect."""
    expires_at: int | None
    by: str
    """What made the latest transition: rule, label, decision or expiry."""
    reasons: tuple[Reason, ...]
    limit: Limit | None
    """Of the action limit: what it allows."""
    transitions: int
    """How many there were."""


class Refusal(NamedTuple):
    """Why a record can't be applied: a stable code for machines, a sentence for people."""

    code: str
    text: str


def flaw(action: PolicyActionMessage) -> Refusal | None:
    """What keeps an action from being applied, whatever went before."""
    texts = (action.action_id, action.follows, action.opening, action.cause, action.user_id, action.order_id)
    if any("\0" in text for text in (*texts, action.event_id) if text):
        return Refusal("nul_character", "an identifier holds the character U+0000, which databases don't store")
    is_opening = action.status == "opened"
    if is_opening != (action.follows is None) or is_opening != (action.opening is None):
        return Refusal("incoherent", "opening and follows: both are null for an opening, and neither for what follows")
    return None


def follow(present: Hold | None, action: PolicyActionMessage) -> Hold | Refusal:
    """The hold after a flawless transition that wasn't applied yet, or why it can't be applied.

    `present` is the hold that the action's `opening` names or, where the action is an opening, the pending hold of its
    subject; None where there is none.
    """
    judge = _problem_of_opening if action.status == "opened" else _problem_of_following
    return judge(present, action) or _next(present, action)


def _problem_of_opening(present: Hold | None, action: PolicyActionMessage) -> Refusal | None:
    if present is None:
        return None
    return Refusal(
        "already_open",
        f"on this {action.subject} the hold {present.hold_id} is pending, which an opening doesn't follow",
    )


def _problem_of_following(present: Hold | None, action: PolicyActionMessage) -> Refusal | None:
    if present is None:
        return Refusal(
            "unknown_hold", f"the opening {action.opening!r} of what this transition follows was not applied"
        )
    if present.phase != "pending":
        return Refusal("ended", f"the hold {present.hold_id} has ended ({present.status}): nothing follows an end")
    if present.action_id != action.follows:
        return Refusal(
            "out_of_order",
            f"follows {action.follows!r}, but the latest transition of the hold {present.hold_id} is "
            f"{present.action_id} ({present.status})",
        )
    subject = (action.subject, action.user_id, action.order_id or "")
    if (present.subject, present.user_id, present.order_id) != subject:
        return Refusal("another_subject", f"the hold {present.hold_id} is on something else")
    return None


def _next(present: Hold | None, action: PolicyActionMessage) -> Hold:
    expires_at = None if action.expires_at is None else parse_time(action.expires_at)
    effective_at = parse_time(action.effective_at)
    limit = action.limit
    return Hold(
        hold_id=present.hold_id if present else action.action_id,
        action_id=action.action_id,
        phase=_PHASES.get(action.status, "standing" if expires_at is None else "pending"),
        action=action.action,
        status=action.status,
        subject=action.subject,
        cause=action.cause,
        user_id=action.user_id,
        order_id=action.order_id or "",
        event_id=action.event_id,
        opened_at=present.opened_at if present else effective_at,
        effective_at=effective_at,
        expires_at=expires_at,
        by=action.by,
        reasons=tuple([Reason(reason.code, reason.text) for reason in action.reasons]),
        limit=None if limit is None else Limit(limit.amount, limit.count, round(limit.per * 1_000)),
        transitions=present.transitions + 1 if present else 1,
    )


def decide(hold: Hold, verdict: Literal["release", "confirm"], by: str, reason: str, time: int) -> ManualDecision:
    """The decision of a person on a pending hold at a time (epoch ms), for the flow to obey."""
    identity = record_id(hold.action_id, verdict, by, str(time))
    order_id = hold.order_id if hold.subject == "order" else ""  # a decision by order is about what is on the order
    return ManualDecision(identity, hold.user_id, hold.action_id, order_id, verdict, "", None, time, by, reason)
