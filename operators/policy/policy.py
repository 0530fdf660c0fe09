"""A policy that has been read: what `PolicyEngine` decides by."""

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import orjson
from pydantic import ValidationError

from contracts.decisions import Reason
from contracts.events import EVENT_TYPES, Limit
from contracts.keys import record_id
from operators.policy.conditions import Conditions, read_conditions
from operators.policy.definition import ListFile, PolicyFile, RuleTable, ThresholdTable, explain
from operators.policy.errors import PolicyError
from operators.policy.parser import Condition
from operators.policy.risk import RiskCourse
from operators.policy.tree import BySegment
from operators.unknown_names import instead_of

ReadList = Callable[[str], str]
"""Gives the text of a list's file, named as the policy names it."""


@dataclass(frozen=True)
class Rule:
    """What happens where a condition holds."""

    id: str
    events: tuple[str, ...]
    condition: Condition
    action: str | None
    """None: the rule only gives its reason."""
    recorded: bool
    """Whether the action becomes a record of its own."""
    expires: int | None
    """Milliseconds after the event's time, None: without an end."""
    cooldown: int
    """For so many milliseconds after it has opened an action, it opens none for the same user."""
    segments: tuple[str, ...]
    """It looks at these alone; empty: at all. Part of the condition."""
    releases: tuple[str, ...]
    """Of a rule that releases: whose actions; empty: any rule's."""
    reason: Reason
    limit: Limit | None
    """What the action limit allows."""


@dataclass(frozen=True)
class Policy:
    """A policy, checked in all but the features, which are the feature set's. Rules stand in the order they decide."""

    source: str
    """The file's name, for errors."""
    version: str
    """name@version#content hash: changes with everything that can change a decision."""
    levels: tuple[tuple[str, float], ...]
    """Names and the user risk at which they begin, rising from 0."""
    user_risk: RiskCourse
    fallback_score: float
    escalate_by: float
    """A score that is worse by so much escalates."""
    decisions_stand: int
    """Milliseconds."""
    rules: tuple[Rule, ...]
    lists: Mapping[str, frozenset[str]]
    segments: Mapping[str, Condition]
    by_segment: Mapping[str, BySegment]
    thresholds: Mapping[str, ThresholdTable]
    threshold_values: Mapping[str, float]
    """In effect, by name: where each begins, or what it was moved to."""

    @property
    def features(self) -> frozenset[str]:
        """The names of the features that its conditions read."""
        conditions = [*self.segments.values(), *(rule.condition for rule in self.rules)]
        return frozenset(name.path.removeprefix("feature.") for condition in conditions for name in condition.features)

    def with_thresholds(self, values: Mapping[str, float]) -> "Policy":
        """The policy with some thresholds moved, which its version names: corner-shop@1#5d0c8f1e+hold=0.62.

        Raises PolicyError for a threshold that the policy hasn't, and for a value outside of its min and max.
        """
        for name, value in values.items():
            if name not in self.thresholds:
                known = instead_of(name, self.thresholds)
                raise PolicyError(f'{self.source}: threshold "{name}": the policy has none of this name; {known}')
            table = self.thresholds[name]
            if not table.min <= value <= table.max:
                between = f"must lie between min ({table.min}) and max ({table.max})"
                raise PolicyError(f'{self.source}: threshold "{name}": {value} {between}')
        moved = {**self.threshold_values, **values}
        named = [f"+{name}={_exact(value)}" for name, value in moved.items() if value != self.thresholds[name].start]
        version = self.version.partition("+")[0] + "".join(named)
        return replace(self, version=version, threshold_values=moved)


def _exact(value: float) -> str:
    """The shortest text that no other number has."""
    return repr(float(value)).removesuffix(".0")


def parse_policy(text: str, name: str, read_list: ReadList) -> Policy:
    """Reads a policy's TOML text. Raises PolicyError, naming the file (`name`), the rule, the field and the fix."""
    try:
        raw = tomllib.loads(text)
        file = PolicyFile.model_validate(raw)
    except tomllib.TOMLDecodeError as error:
        raise PolicyError(f"{name}: not valid TOML: {error}") from None
    except ValidationError as error:
        problems = explain(error.errors(include_url=False, include_context=False), raw)
        raise PolicyError("\n".join(f"{name}: {problem}" for problem in problems)) from None
    lists = {key: _values(given, read_list) for key, given in file.lists.items()}
    conditions = read_conditions(file, lists, name)
    rules = tuple([_rule(rule, condition) for rule, condition in zip(file.rules, conditions.rules, strict=True)])
    return Policy(
        name,
        f"{file.name}@{file.version}#{_content_hash(file, lists, conditions)}",
        tuple(file.levels.items()),
        _course(file),
        file.fallback.score,
        file.actions.escalate_by,
        file.actions.decisions_stand,
        rules,
        lists,
        conditions.segments,
        conditions.by_segment,
        file.thresholds,
        {key: table.start for key, table in file.thresholds.items()},
    )


def _course(file: PolicyFile) -> RiskCourse:
    risk = file.user_risk
    return RiskCourse(risk.half_life, risk.weight, risk.floor, tuple(file.levels.values()), risk.hysteresis, risk.step)


def _values(given: list[str] | ListFile, read_list: ReadList) -> frozenset[str]:
    if not isinstance(given, ListFile):
        return frozenset(given)
    lines = (line.strip() for line in read_list(given.file).splitlines())
    return frozenset(line for line in lines if line and not line.startswith("#"))


def _rule(rule: RuleTable, condition: Condition) -> Rule:
    reason = Reason(rule.id, rule.reason)
    limit = None if rule.limit is None else rule.limit.limit()
    return Rule(
        rule.id, rule.events or EVENT_TYPES, condition, rule.action, rule.recorded, rule.expires, rule.cooldown or 0,
        rule.segments or (), rule.releases or (), reason, limit,
    )  # fmt: skip


def _content_hash(file: PolicyFile, lists: Mapping[str, frozenset[str]], conditions: Conditions) -> str:
    """What is left at its default doesn't count, so that what comes to be writable changes no policy's hash."""
    content = file.model_dump(mode="json", exclude={"name", "version"}, exclude_defaults=True)
    content["lists"] = {key: sorted(values) for key, values in lists.items()}
    content["segments"] = {key: condition.canonical for key, condition in conditions.segments.items()}
    content["by_segment"] = {
        key: list(figures.items()) for key, figures in file.by_segment.items()
    }  # their order counts
    for written, condition in zip(content["rules"], conditions.rules, strict=True):
        written["when"] = condition.canonical
    content = {key: value for key, value in content.items() if value != {}}
    return record_id(orjson.dumps(content, option=orjson.OPT_SORT_KEYS).decode())[:8]
