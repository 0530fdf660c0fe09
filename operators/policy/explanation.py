"""Why a policy decides about an event as it does: each rule, the tests that it is made of, and what they saw."""

from collections.abc import Iterator
from typing import Literal, NamedTuple

from operators.policy.policy import Policy, Rule
from operators.policy.reading import Moment, Value, value_of
from operators.policy.tree import All, AnyOf, BySegment, Name, Node, Not, Segment, parts_of
from operators.policy.wording import text_of


class Seen(NamedTuple):
    """One test of a condition."""

    text: str
    holds: Value
    """True, False or None: unknown."""
    values: tuple[tuple[str, Value], ...]
    """What it has looked at, by name; None: missing."""


class RuleExplanation(NamedTuple):
    """What became of a rule."""

    rule: Rule
    holds: Value
    part: Literal["decides", "shadowed", "gives its reason", "may release", "not met"]
    by: str
    """The id of the rule that decides instead, where it is shadowed."""
    tests: tuple[Seen, ...]


def explain_rules(policy: Policy, moment: Moment) -> list[RuleExplanation]:
    """The rules that look at events of this type, in their order."""
    explained = []
    winner = ""
    for rule in policy.rules:
        if moment.event.event_type not in rule.events:
            continue
        tree = rule.condition.tree
        holds = value_of(tree, moment)
        explained.append(_explained(rule, holds, winner, tuple(_tests(tree, moment))))
        if not winner and explained[-1].part == "decides":
            winner = rule.id
    return explained


def _explained(rule: Rule, holds: Value, winner: str, tests: tuple[Seen, ...]) -> RuleExplanation:
    if holds is not True:
        return RuleExplanation(rule, holds, "not met", "", tests)
    if rule.action is None:
        return RuleExplanation(rule, holds, "gives its reason", "", tests)
    if rule.action == "release":
        return RuleExplanation(rule, holds, "may release", "", tests)
    return RuleExplanation(rule, holds, "shadowed" if winner else "decides", winner, tests)


def _tests(node: Node, moment: Moment) -> Iterator[Seen]:
    """The tests that a condition joins, from left to right; a segment is one, and its own tests follow it."""
    match node:
        case All(operands=operands) | AnyOf(operands=operands):
            for operand in operands:
                yield from _tests(operand, moment)
        case Not(operand=All() | AnyOf() as operand):
            yield from _tests(operand, moment)
        case Segment(condition=condition):
            yield Seen(text_of(node), value_of(node, moment), ())
            yield from _tests(condition, moment)
        case _:
            yield Seen(text_of(node), value_of(node, moment), tuple(_looked_at(node, moment)))


def _looked_at(node: Node, moment: Moment) -> Iterator[tuple[str, Value]]:
    match node:
        case Name(path=path):
            yield path, moment.value(node)
        case BySegment():
            yield text_of(node), value_of(node, moment)
        case _:
            for part in parts_of(node):
                yield from _looked_at(part, moment)
