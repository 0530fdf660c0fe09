"""Runs a policy's tests, through the operators of the flow itself."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final, NamedTuple

from contracts.decisions import PolicyAction, RiskUpdate, Versions
from contracts.events import Event, Label, ManualDecision, Position
from dataflows.errors import UserError
from dataflows.policy_testing.definition import Case, Step, Story
from dataflows.policy_testing.events import BEGIN, decision_of, event_of, label_of, vector_of
from operators.durations import format_duration
from operators.packs import Arrival, Enriched, Ruled, Scored, ScoredPack, Tidings
from operators.policy import Decided, Policy, PolicyEngine, PolicyError, PolicyGroup, Timeline, UserRisk, UserState
from operators.policy.policy import Rule
from operators.state import DictStates
from operators.unknown_names import instead_of

_VERSIONS: Final = Versions("test", "test", "test")
_PLACE: Final = Position("test", 0, 0)


class Difference(NamedTuple):
    """Where what came is not what was expected."""

    what: str
    expected: str
    got: str


class Outcome(NamedTuple):
    """What became of a case or a story."""

    name: str
    differences: tuple[Difference, ...]
    held: frozenset[str]
    """The ids of the rules that held."""


def try_case(case: Case, policy: Policy, names: tuple[str, ...]) -> Outcome:
    """One event, decided by the engine. Raises UserError where the case can't be run."""
    place = f'case "{case.name}"'
    policy = _adapted(place, policy, case)
    _check_rules(place, [*([case.expect.rule] if case.expect.rule else []), *(case.expect.reasons or ())], policy)
    event = event_of(place, BEGIN, case.event)
    features = vector_of(place, case.features, names)
    risk = None
    if case.user_risk:
        risk, _ = policy.user_risk.settled(UserRisk(case.user_risk, BEGIN, case.user_risk))
    engine = PolicyEngine(policy, names, policy.lists)
    update = engine.decide(risk, event, features, case.score, case.late, _PLACE, _VERSIONS).update
    return Outcome(case.name, tuple(_differences_of_case(case, update, policy)), _codes(update))


def _adapted(place: str, policy: Policy, test: Case | Story) -> Policy:
    """The policy with the lists and the thresholds of a test."""
    for name in test.lists:
        if name not in policy.lists:
            raise UserError(f"{place}: lists: unknown list {name!r}; {instead_of(name, policy.lists)}")
    lists = {**policy.lists, **{name: frozenset(values) for name, values in test.lists.items()}}
    try:
        return replace(policy.with_thresholds(test.thresholds), lists=lists)
    except PolicyError as error:
        raise UserError(f"{place}: {error}") from None


def _differences_of_case(case: Case, update: RiskUpdate, policy: Policy) -> Iterator[Difference]:
    expected = case.expect
    rule = _deciding(update, policy)
    if expected.action is not None:
        yield from _differ("action", expected.action, rule.action if rule and rule.action else "none")
    if expected.rule is not None:
        yield from _differ("rule", expected.rule, rule.id if rule else "none")
    if expected.expires is not None:
        ends = "never" if rule is None or rule.expires is None else format_duration(rule.expires)
        yield from _differ("expires", format_duration(expected.expires), ends)
    yield from _differences_of_update(expected.reasons, expected.level, expected.user_risk, update)


def _differences_of_update(
    reasons: list[str] | None, level: str | None, user_risk: float | None, update: RiskUpdate
) -> Iterator[Difference]:
    if reasons is not None:
        yield from _differ("reasons", _listed(reasons), _listed(reason.code for reason in update.reasons))
    if level is not None:
        yield from _differ("level", level, update.level)
    if user_risk is not None:
        yield from _differ("user_risk", f"{user_risk:g}", f"{update.user_risk:g}")


def try_story(story: Story, policy: Policy, names: tuple[str, ...]) -> Outcome:
    """One step after another, each settled before the next. Raises UserError where the story can't be run."""
    policy = _adapted(f'story "{story.name}"', policy, story)
    group = PolicyGroup(Timeline(policy, names, _VERSIONS), DictStates[UserState](), "test", 0)
    taken: list[PolicyAction] = []
    differences: list[Difference] = []
    held: set[str] = set()
    for number, step in enumerate(story.step, start=1):
        came = list(_come(story, step, number, group, taken, names))
        _check_rules(f'story "{story.name}"', step.expect.reasons or (), policy)
        actions = [action for decided in came for action, _ in decided.actions]
        updates = [update for decided in came for update, _ in decided.updates]
        taken += actions
        found = _differences_of_step(step, actions, updates)
        differences += [one._replace(what=f"{format_duration(step.at)}: {one.what}") for one in found]
        held |= {code for update in updates for code in _codes(update)}
        held |= {reason.code for action in actions if action.by == "rule" for reason in action.reasons}
    return Outcome(story.name, tuple(differences), frozenset(held))


def _come(
    story: Story, step: Step, number: int, group: PolicyGroup, taken: Sequence[PolicyAction], names: tuple[str, ...]
) -> Iterator[Decided]:
    """What comes of the time up to a step, and of the step."""
    place, time = f'story "{story.name}": step {number}', BEGIN + step.at
    yield group.pass_time(time - 1)
    user = str(story.event.get("user_id", "user"))
    if step.event is not None:
        event = event_of(place, time, {"event_id": f"e{number}"}, story.event, step.event)
        features = vector_of(place, story.features | step.features, names)
        yield group.on_pack(_pack(event, features, step, number, time + 1))
    elif step.label is not None:
        yield group.on_pack(_tell(label_of(step.label, user, time), time + 1))
    elif step.decision is not None:
        yield group.on_pack(_tell(decision_of(place, step.decision, user, time, number, taken), time + 1))


def _pack(event: Event, features: tuple[float, ...], step: Step, number: int, clock: int) -> ScoredPack:
    arrival = Arrival(event, 0, number, step.late, 0)
    scored = Scored(Enriched(arrival, list(features), b"", 0, step.late), step.score)
    return ScoredPack(0, [scored], Tidings([], [], clock, False))


def _tell(outcome: Label | ManualDecision, clock: int) -> ScoredPack:
    if isinstance(outcome, Label):
        return ScoredPack(0, [], Tidings([outcome], [], clock, False))
    return ScoredPack(0, [], Tidings([], [Ruled(outcome, _PLACE)], clock, False))


def _differences_of_step(step: Step, actions: list[PolicyAction], updates: list[RiskUpdate]) -> Iterator[Difference]:
    expected = step.expect
    short = [f"{action.status} {action.action}" for action in actions]
    long = [f"{brief} by {action.cause}" for brief, action in zip(short, actions, strict=True)]
    fits = len(expected.actions) == len(actions) and all(
        wanted in both for wanted, *both in zip(expected.actions, short, long, strict=True)
    )
    if not fits:
        yield Difference("actions", _listed(expected.actions), _listed(long))
    if updates:
        yield from _differences_of_update(expected.reasons, expected.level, expected.user_risk, updates[-1])


def _check_rules(place: str, named: Iterable[str], policy: Policy) -> None:
    known = [rule.id for rule in policy.rules]
    for rule_id in named:
        if rule_id not in (*known, "none"):
            raise UserError(f"{place}: expect: the policy has no rule {rule_id!r}; {instead_of(rule_id, known)}")


def _deciding(update: RiskUpdate, policy: Policy) -> Rule | None:
    """The rule of the first reason, if it names an action: that of the rule that decides stands first."""
    first = update.reasons[0].code if update.reasons else ""
    return next((rule for rule in policy.rules if rule.id == first and rule.action), None)


def _codes(update: RiskUpdate) -> frozenset[str]:
    return frozenset(reason.code for reason in update.reasons)


def _differ(what: str, expected: str, got: str) -> Iterator[Difference]:
    if expected != got:
        yield Difference(what, expected, got)


def _listed(texts: Iterable[str]) -> str:
    return ", ".join(texts) or "none"
