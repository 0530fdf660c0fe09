"""Decides about one event after another. Pure: a decision depends on nothing but what it is given."""

from collections.abc import Container, Mapping, Sequence
from math import isnan, nan
from types import MappingProxyType

import msgspec

from contracts.decisions import DECIMALS, Reason, RiskUpdate, UserRiskChange, Versions
from contracts.events import AMOUNT_SCALE, EVENT_TYPES, Event, Position
from contracts.times import LATEST
from operators.policy.compiler import compile_conditions
from operators.policy.errors import ConditionError, PolicyError, condition_problem
from operators.policy.levels import Levels
from operators.policy.life import UNSCORED, Judgment, Release
from operators.policy.policy import Policy, Rule
from operators.policy.risk import UserRisk
from operators.unknown_names import instead_of


class Decision(msgspec.Struct, gc=False):
    """What one event brings."""

    state: UserRisk | None
    """The user's new risk: the very object that was given where nothing has changed."""
    update: RiskUpdate
    judgment: Judgment | None = None
    """Where actions may follow."""
    changes: tuple[UserRiskChange, ...] = ()


class PolicyEngine:
    """A policy over the features of one feature set."""

    def __init__(
        self,
        policy: Policy,
        feature_names: tuple[str, ...],
        lists: Mapping[str, Container[str]] = MappingProxyType({}),
    ) -> None:
        """`lists` replace those that the policy has written, by name.

        Raises PolicyError where a rule names a feature that isn't among `feature_names`.
        """
        _check_features(policy, feature_names)
        self.policy = policy
        self.levels = Levels.of(policy)
        self._course = policy.user_risk
        self._names = self.levels.names
        acting = [rule for rule in policy.rules if rule.action != "release"]
        releasing = [rule for rule in policy.rules if rule.action == "release"]
        self._rules = {kind: tuple(rule for rule in acting if kind in rule.events) for kind in EVENT_TYPES}
        self._releases = {kind: tuple(rule for rule in releasing if kind in rule.events) for kind in EVENT_TYPES}
        self._matching, self._releasing = (
            {
                kind: compile_conditions(
                    [rule.condition.tree for rule in some], feature_names, policy.threshold_values, lists
                )
                for kind, some in rules.items()
            }
            for rules in (self._rules, self._releases)
        )

    def decide(
        self,
        state: UserRisk | None,
        event: Event,
        features: Sequence[float],
        score: float | None,
        late: bool,
        position: Position,
        versions: Versions,
        now: int = 0,
        watched: bool = False,
        explained: tuple[Reason, ...] = (),
    ) -> Decision:
        """What becomes of an event with a score in [0, 1], or with None where the scorer has failed (degraded).

        `features` lie in the order of the feature names, NaN where unknown. Without a score the user's risk only
        fades, the update carries the policy's fallback score, and no rule sees one. `now` is the partition's watermark
        where that is later than the event; `watched`: the user has open actions; `explained` follows the rules' own.
        """
        degraded = score is None
        known_score = nan if score is None else round(score, DECIMALS)
        time, kind = event.event_time, event.event_type
        risk, level = 0.0, self._names[0]
        changes: tuple[UserRiskChange, ...] = ()
        if known_score >= self._course.floor or (state is not None and state.falls <= max(time, now)):
            state, changes = self._move(state, event, known_score, max(time, now), position, versions)
        if state is not None:
            risk, level = self._course.present(state, time), self._names[state.level]
        amount = nan if event.amount is None else event.amount / AMOUNT_SCALE
        found = self._matching[kind](known_score, risk, level, late, degraded, amount, event, features)
        winner, reasons = _outcome(self._rules[kind], found) if found else (None, ())
        shown_score = self.policy.fallback_score if degraded else known_score
        update = RiskUpdate(
            event.event_id, kind, event.user_id, time, shown_score, risk, level, reasons + explained, late, degraded,
            versions, position,
        )  # fmt: skip
        releases: tuple[Release, ...] = ()
        if watched:
            held = self._releasing[kind](known_score, risk, level, late, degraded, amount, event, features)
            releases = tuple([_release(self._releases[kind][index]) for index in held])
        acting = winner if winner is not None and winner.recorded else None
        if acting is None and not releases:
            return Decision(state, update, None, changes)
        judgment = _judgment(acting, max(time, now), event, update, releases, self.policy.escalate_by)
        return Decision(state, update, judgment, changes)

    def _move(
        self, state: UserRisk | None, event: Event, score: float, now: int, position: Position, versions: Versions
    ) -> tuple[UserRisk | None, tuple[UserRiskChange, ...]]:
        changes: tuple[UserRiskChange, ...] = ()
        if state is not None and state.falls <= now:
            state, changes = self.levels.fade(state, event.user_id, now, versions)
        moved = state if isnan(score) else self._course.after(state, event.event_time, score)
        if moved is None or moved is state:
            return state, changes
        moved, told = self._course.settled(moved)
        if told:
            change = self.levels.change(event.user_id, moved, moved.at, event.event_id, versions, position)
            changes = (*changes, change)
        return moved, changes


def _outcome(rules: tuple[Rule, ...], found: list[int]) -> tuple[Rule | None, tuple[Reason, ...]]:
    """The first rule that gives an action, and the reasons of all that hold, its own first."""
    matched = [rules[index] for index in found]
    winner = next((rule for rule in matched if rule.action), None)
    if winner is not None:
        matched.remove(winner)
        matched.insert(0, winner)
    return winner, tuple([rule.reason for rule in matched])


def _release(rule: Rule) -> Release:
    return Release(rule.reason, rule.releases)


def _judgment(
    rule: Rule | None, now: int, event: Event, update: RiskUpdate, releases: tuple[Release, ...], escalate_by: float
) -> Judgment:
    expires = rule.expires if rule else None
    return Judgment(
        user_id=event.user_id,
        order_id="" if rule and rule.limit else event.order_id,  # a limit is on the user, whatever the order
        event_id=event.event_id,
        event_time=event.event_time,
        now=now,
        score=UNSCORED if update.degraded else update.score,
        rule=rule.id if rule else "",
        action=rule.action or "" if rule else "",
        expires_at=None if expires is None else min(event.event_time + expires, LATEST - 1),
        cooldown=rule.cooldown if rule else 0,
        reasons=update.reasons,
        releases=releases,
        versions=update.versions,
        input=update.input,
        escalate_by=escalate_by,
        limit=rule.limit if rule else None,
    )


def _check_features(policy: Policy, feature_names: tuple[str, ...]) -> None:
    conditions = {f'segment "{name}"': condition for name, condition in policy.segments.items()}
    conditions |= {f'rule "{rule.id}": when': rule.condition for rule in policy.rules}
    problems = []
    for place, condition in conditions.items():
        for name in condition.features:
            if (short := name.path.removeprefix("feature.")) not in feature_names:
                text = f"unknown feature {short!r}; {instead_of(short, feature_names)}"
                error = ConditionError(text, name.column)
                problems.append(str(condition_problem(policy.source, place, condition.text, error)))
    if problems:
        raise PolicyError("\n".join(problems))
