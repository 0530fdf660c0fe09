"""The life of actions: opened, perhaps escalated or overridden, then released, confirmed or expired.

A case is an action that lasts: at most one for each subject (see `Subject`).
What happens to it comes from the user's events, from labels, from people and with time. All of it is applied in an
order that doesn't depend on when it became known (see `PolicyGroup`); here it is only said what follows.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, TypeAlias

from contracts.decisions import DECIMALS, PolicyAction, Reason, Versions, action_id
from contracts.events import Label, ManualDecision
from operators.packs import Ruled
from operators.policy.life import UNSCORED, Case, Judgment, Life, Outcome, Ruling, Subject, Vain, outcome_order

RANKS: Final = {
    "allow": 0, "limit": 1, "step_up": 2, "review": 3,
    "distrust_click": 4, "hide_review": 4, "delay_refund": 4, "hold_order": 4, "block": 5,
}  # fmt: skip
"""How severe each action is."""

_EXPIRED: Final = (Reason("expired", "The action's time is over."),)
Reasons = tuple[Reason, ...]


Standing: TypeAlias = Callable[[int], tuple[int, Versions]]
"""By a manual decision's time: how long (ms) it stands, and the versions of what it opens."""


@dataclass(frozen=True)
class Lifecycle:
    """The rules of life. Each method changes the life that it is given, and returns the transitions."""

    standing: Standing

    def judge(self, life: Life, judgment: Judgment) -> list[PolicyAction]:
        """What an event's rules do."""
        if judgment.action in ("", "allow"):
            released = _release(life, judgment)
            if released or not judgment.action:
                return released
        if life.is_settled(judgment.subject, judgment.now):
            return []
        if case := life.find(judgment.subject):
            return _escalate(life, case, judgment)
        if life.cooling.get(judgment.rule, judgment.now) > judgment.now:
            return []
        if judgment.cooldown:
            life.cooling[judgment.rule] = judgment.now + judgment.cooldown
        return [
            _go_on(life, judgment.user_id, _case(judgment), "opened", judgment.event_time, judgment.reasons, "rule")
        ]

    def advance(
        self, life: Life, user_id: str, outcomes: Iterable[Outcome], time: int, vain: list[Vain]
    ) -> list[PolicyAction]:
        """What comes with time, up to `time`: expiry, and `outcomes`, none of which is later.

        Adds decisions that change nothing to `vain`, but for those that came before.
        """
        taken = []
        for outcome in sorted(outcomes, key=outcome_order):
            taken += _expire(life, user_id, outcome_order(outcome)[0] - 1)
            taken += self._obey(life, outcome, vain) if isinstance(outcome, Ruled) else _learn(life, outcome)
        return taken + _expire(life, user_id, time)

    def _obey(self, life: Life, ruled: Ruled, vain: list[Vain]) -> list[PolicyAction]:
        decision = ruled.decision
        case = _decided(life, decision)
        if case is None and not decision.order_id:
            if all(ruling.decision_id != decision.decision_id for ruling in life.rulings):
                vain.append(Vain(ruled, f"no open action of the user has the record {decision.action_id}"))
            return []
        subject = case.subject if case else Subject.of(decision.order_id, "", "")
        if known := life.ruling(subject):
            if known.decision_id == decision.decision_id:
                return []
            if (known.at, known.decision_id) > (decision.decision_time, decision.decision_id):
                vain.append(Vain(ruled, f"the later decision {known.decision_id} stands"))
                return []
            life.rulings.remove(known)
        if not subject.rule or decision.verdict != "confirm":  # a user may break a rule again
            until = decision.decision_time + self.standing(decision.decision_time)[0]
            at, by = decision.decision_time, decision.decision_id
            life.rulings.append(Ruling(subject.order_id, subject.rule, at, by, until, subject.event_id))
        return self._carry_out(life, case, ruled)

    def _carry_out(self, life: Life, case: Case | None, ruled: Ruled) -> list[PolicyAction]:
        decision = ruled.decision
        user, time = decision.user_id, decision.decision_time
        reasons = (Reason("decision", f"{decision.decided_by} ({decision.decision_id}): {decision.reason}"),)
        if decision.verdict != "override":
            status = "released" if decision.verdict == "release" else "confirmed"
            return [_end(life, user, case, status, time, reasons, "decision")] if case else []
        if case is None:
            case = Case(
                decision.action, "decision", decision.order_id, [decision.decision_id], time, time, decision.expires_at,
                UNSCORED, self.standing(time)[1], ruled.input, [], decision.limit,
            )  # fmt: skip
            return [_go_on(life, user, case, "opened", time, reasons, "decision")]
        life.cases.remove(case)
        case.action, case.expires_at, case.limit = decision.action, decision.expires_at, decision.limit
        return [_go_on(life, user, case, "overridden", time, reasons, "decision")]


def _escalate(life: Life, case: Case, judgment: Judgment) -> list[PolicyAction]:
    harder = RANKS[judgment.action] - RANKS[case.action]
    if harder == 0 and judgment.score != UNSCORED:
        harder = round(judgment.score - case.score, DECIMALS) >= judgment.escalate_by
    if harder <= 0:
        return []
    life.cases.remove(case)
    worse = _case(judgment)
    worse.events, worse.records, worse.since = [*case.events, judgment.event_id], case.records, case.since
    return [_go_on(life, judgment.user_id, worse, "escalated", judgment.event_time, judgment.reasons, "rule")]


def _release(life: Life, judgment: Judgment) -> list[PolicyAction]:
    """An event with an order releases what is open on that order, one without an order all that is."""
    taken = []
    for case in list(life.cases):
        named = [one for one in judgment.releases if not one.rules or case.cause in one.rules]
        if named and judgment.order_id in ("", case.order_id) and not life.is_settled(case.subject, judgment.now):
            reasons = tuple([one.reason for one in named])
            taken.append(_end(life, judgment.user_id, case, "released", judgment.event_time, reasons, "rule"))
    return taken


def _decided(life: Life, decision: ManualDecision) -> Case | None:
    """The case that a decision names, by any of its transitions or by its order."""
    for case in life.cases:
        if decision.action_id in case.records:
            return case
    return life.find(Subject.of(decision.order_id, "", "")) if decision.order_id else None


def _learn(life: Life, label: Label) -> list[PolicyAction]:
    """A label ends the case of its event, unless people have settled it."""
    for case in life.cases:
        if label.event_id in case.events and not life.is_settled(case.subject, label.label_time):
            status = "released" if label.label == "legitimate" else "confirmed"
            reasons = (Reason(f"label-{label.label}", f"The event was labelled {label.label} by {label.source}."),)
            return [_end(life, label.user_id, case, status, label.label_time, reasons, "label")]
    return []


def _expire(life: Life, user_id: str, time: int) -> list[PolicyAction]:
    over = [case for case in life.cases if case.ends_at <= time]
    over.sort(key=lambda case: (case.ends_at, case.records[0]))
    return [_end(life, user_id, case, "expired", case.ends_at, _EXPIRED, "expiry") for case in over]


def _case(judgment: Judgment) -> Case:
    return Case(
        judgment.action, judgment.rule, judgment.order_id, [judgment.event_id], judgment.event_time,
        judgment.event_time, judgment.expires_at, judgment.score, judgment.versions, judgment.input, [], judgment.limit,
        judgment.concerns,
    )  # fmt: skip


def _go_on(life: Life, user_id: str, case: Case, status: str, time: int, reasons: Reasons, by: str) -> PolicyAction:
    """A transition after which a case is kept, if it is one that ends by itself."""
    if case.expires_at is not None:
        life.cases.append(case)
    return _transition(user_id, case, status, time, reasons, by)


def _end(life: Life, user_id: str, case: Case, status: str, time: int, reasons: Reasons, by: str) -> PolicyAction:
    life.cases.remove(case)
    return _transition(user_id, case, status, time, reasons, by)


def _transition(user_id: str, case: Case, status: str, time: int, reasons: Reasons, by: str) -> PolicyAction:
    case.since = max(case.since, time)
    records = case.records
    action = PolicyAction(
        action=case.action,
        status=status,
        follows=records[-1] if records else None,
        cause=case.cause,
        user_id=user_id,
        order_id=case.order_id,
        event_id=case.events[-1],
        event_time=case.event_time,
        effective_at=case.since,
        expires_at=case.expires_at,
        reasons=reasons,
        versions=case.versions,
        input=case.input,
        by=by,
        opening=records[0] if records else None,
        limit=case.limit,
        subject=case.subject.kind,
    )
    records.append(action_id(action))
    return action
