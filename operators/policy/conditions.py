"""The conditions of a policy: of its segments, and of its rules."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final, NamedTuple

from operators.policy.definition import OTHERWISE, PolicyFile, RuleTable
from operators.policy.errors import ConditionError, PolicyError, condition_problem
from operators.policy.names import Scope
from operators.policy.parser import Condition, parse_condition
from operators.policy.tree import All, AnyOf, BySegment, Kind, Segment

_KINDS: Final[dict[str, Kind]] = {"text": "text", "number": "number", "flag": "truth"}


class Conditions(NamedTuple):
    """All that a policy's file says in conditions."""

    segments: Mapping[str, Condition]
    by_segment: Mapping[str, BySegment]
    rules: tuple[Condition, ...]
    """In their order; a rule's holds only in its segments."""


class _Written(NamedTuple):
    place: str
    text: str


def read_conditions(file: PolicyFile, lists: Mapping[str, frozenset[str]], source: str) -> Conditions:
    """Raises PolicyError that tells of all that is wrong with them."""
    attributes = {name: _KINDS[kind] for name, kind in file.attributes.items()}
    scope = Scope(tuple(file.levels), lists, tuple(file.thresholds), attributes)
    written = [_Written(f'segment "{name}"', text) for name, text in file.segments.items()]
    conditions = dict(zip(file.segments, _read(written, scope, source), strict=True))
    segments = {name: Segment(name, condition.tree) for name, condition in conditions.items()}
    figures = {name: _by_segment(name, given, segments) for name, given in file.by_segment.items()}
    scope = replace(scope, segments=segments, by_segment=figures)
    read = _read([_Written(f'rule "{rule.id}": when', rule.when) for rule in file.rules], scope, source)
    rules = [_within(rule, condition, segments) for rule, condition in zip(file.rules, read, strict=True)]
    return Conditions(conditions, figures, tuple(rules))


def _read(written: Iterable[_Written], scope: Scope, source: str) -> list[Condition]:
    conditions, problems = [], []
    for place, text in written:
        try:
            conditions.append(parse_condition(text, scope))
        except ConditionError as error:
            problems.append(str(condition_problem(source, place, text, error)))
    if problems:
        raise PolicyError("\n".join(problems))
    return conditions


def _by_segment(name: str, figures: Mapping[str, float], segments: Mapping[str, Segment]) -> BySegment:
    choices = tuple((segments[segment], figure) for segment, figure in figures.items() if segment != OTHERWISE)
    return BySegment(name, choices, figures[OTHERWISE])


def _within(rule: RuleTable, condition: Condition, segments: Mapping[str, Segment]) -> Condition:
    chosen = [segments[name] for name in rule.segments or ()]
    if not chosen:
        return condition
    either = chosen[0] if len(chosen) == 1 else AnyOf(tuple(chosen))
    return replace(condition, tree=All((either, condition.tree)))
