"""Decides about one event after another. Pure: a decision depends on nothing but what it is given."""

from bisect import bisect_right
from collections.abc import Sequence
from math import nan

import msgspec

from contracts.decisions import DECIMALS, PolicyAction, Reason, RiskUpdate, Versions
from contracts.events import AMOUNT_SCALE, EVENT_TYPES, Event, Position
from contracts.times import LATEST
from operators.policy.compiler import compile_conditions
from operators.policy.errors import ConditionError, instead_of
from operators.policy.policy import Policy, Rule, condition_problem
from operators.policy.risk import UserRisk


class Decision(msgspec.Struct, gc=False):
    """What one event brings."""

    state: UserRisk | None
    """The user's new state: the very object that was given where nothing has changed."""
    update: RiskUpdate
    actions: tuple[PolicyAction, ...]


class PolicyEngine:
    """A policy over the features of one feature set."""

    def __init__(self, policy: Policy, feature_names: tuple[str, ...]) -> None:
        """Raises PolicyError where a rule names a feature that isn't among `feature_names`."""
        _check_features(policy, feature_names)
        self.policy = policy
        self._course = policy.user_risk
        self._levels = [name for name, _ in policy.levels]
        self._thresholds = [threshold for _, threshold in policy.levels]
        self._rules = {kind: tuple(rule for rule in policy.rules if kind in rule.events) for kind in EVENT_TYPES}
        self._matching = {
            kind: compile_conditions([rule.condition.tree for rule in rules], feature_names)
            for kind, rules in self._rules.items()
        }

    def decide(
        self,
        state: UserRisk | None,
        event: Event,
        features: Sequence[float],
        score: float | None,
        late: bool,
        position: Position,
        versions: Versions,
    ) -> Decision:
        """What becomes of an event with a score in [0, 1], or with None where the scorer has failed (degraded).

        `features` lie in the order of the feature names, NaN where unknown. Without a score the user's risk only
        fades, the update carries the policy's fallback score, and no rule sees one.
        """
        degraded = score is None
        known_score = nan if score is None else round(score, DECIMALS)
        if not degraded:
            state = self._course.after(state, event.event_time, known_score)
        risk = self._course.present(state, event.event_time)
        level = self._levels[bisect_right(self._thresholds, risk) - 1]
        amount = nan if event.amount is None else event.amount / AMOUNT_SCALE
        kind = event.event_type
        found = self._matching[kind](known_score, risk, level, late, degraded, amount, event, features)
        winner, reasons = _outcome(self._rules[kind], found) if found else (None, ())
        update = RiskUpdate(
            event.event_id,
            kind,
            event.user_id,
            event.event_time,
            self.policy.fallback_score if degraded else known_score,
            risk,
            level,
            reasons,
            late,
            degraded,
            versions,
            position,
        )
        actions = (_opened(winner, event, reasons, position, versions),) if winner and winner.recorded else ()
        return Decision(state, update, actions)


def _outcome(rules: tuple[Rule, ...], found: list[int]) -> tuple[Rule | None, tuple[Reason, ...]]:
    """The first rule that gives an action, and the reasons of all that hold, its own first."""
    matched = [rules[index] for index in found]
    winner = next((rule for rule in matched if rule.action), None)
    if winner is not None:
        matched.remove(winner)
        matched.insert(0, winner)
    return winner, tuple([rule.reason for rule in matched])


def _opened(
    rule: Rule, event: Event, reasons: tuple[Reason, ...], position: Position, versions: Versions
) -> PolicyAction:
    return PolicyAction(
        action=rule.action or "",
        status="opened",
        follows=None,
        cause=rule.id,
        user_id=event.user_id,
        order_id=event.order_id,
        event_id=event.event_id,
        event_time=event.event_time,
        effective_at=event.event_time,
        expires_at=None if rule.expires is None else min(event.event_time + rule.expires, LATEST - 1),
        reasons=reasons,
        versions=versions,
        input=position,
    )


def _check_features(policy: Policy, feature_names: tuple[str, ...]) -> None:
    for rule in policy.rules:
        for name in rule.condition.features:
            if (short := name.path.removeprefix("feature.")) not in feature_names:
                text = f"unknown feature {short!r}; {instead_of(short, feature_names)}"
                error = ConditionError(text, name.column)
                raise condition_problem(policy.source, rule.id, rule.condition.text, error)
