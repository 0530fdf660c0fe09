"""What a policy's TOML file may say."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag, model_validator
from pydantic_core import ErrorDetails

from contracts.events import Limit
from contracts.fields import MAX_AMOUNT, Identifier
from contracts.messages import ENDING, EVENT_ACTIONS, ActionName, EventType
from operators.durations import parse_duration
from operators.unknown_names import instead_of, wrong_field

Action = Literal[ActionName, "release"]


def _parse_positive(value: str) -> int:
    if (duration := parse_duration(value)) == 0:
        raise ValueError("must be longer than 0")
    return duration


Duration = Annotated[int, BeforeValidator(_parse_positive)]
Probability = Annotated[float, Field(ge=0, le=1)]
PositiveProbability = Annotated[float, Field(gt=0, le=1)]
Word = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=64)]
PositiveAmount = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Figure = Annotated[float, Field(allow_inf_nan=False)]
AttributeName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", max_length=64)]
OTHERWISE: Final = "otherwise"
"""In `[by_segment]`, the figure where no segment holds."""

Slug = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$", max_length=64)]


_CAPACITY: Final = re.compile(r"([1-9][0-9]{0,5})/([hd])")
_PERIODS: Final = {"h": 3_600_000, "d": 86_400_000}


@dataclass(frozen=True)
class Capacity:
    """What people can look at: `most` in each `per` milliseconds, an hour or a day."""

    most: int
    per: int


def _parse_capacity(value: object) -> Capacity:
    match = _CAPACITY.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError(f'{value!r} is no capacity: write how many in an hour or a day, such as "40/h" or "300/d"')
    return Capacity(int(match[1]), _PERIODS[match[2]])


class _Table(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class UserRiskTable(_Table):
    """`[user_risk]`."""

    half_life: Duration
    weight: PositiveProbability
    floor: PositiveProbability
    hysteresis: Probability = 0.0
    step: PositiveProbability = 0.1


class ActionsTable(_Table):
    """`[actions]`."""

    escalate_by: PositiveProbability = 0.1
    decisions_stand: Duration = 7 * 86_400_000


class FallbackTable(_Table):
    """`[fallback]`."""

    score: Probability


class CostTable(_Table):
    """What mistakes cost, in the same unit; and of which share of the events labels are waited for, for how long."""

    miss: PositiveAmount
    false_hold: PositiveAmount
    matures: Duration = 14 * 86_400_000
    followed: PositiveProbability = 1.0


class ThresholdTable(_Table):
    """One of `[thresholds]`. It adapts to a capacity or to costs, or is moved by people alone."""

    start: Probability
    min: Probability = 0.0
    max: Probability = 1.0
    events: Annotated[tuple[EventType, ...] | None, Field(min_length=1, strict=False)] = None
    capacity: Annotated[Capacity | None, BeforeValidator(_parse_capacity)] = None
    overrun: Annotated[float, Field(ge=0, lt=1)] = 0.05
    cost: CostTable | None = None
    window: Duration = 14 * 86_400_000
    every: Duration = 3_600_000
    evidence: Duration = 86_400_000
    hysteresis: Probability = 0.005
    step: PositiveProbability = 0.1

    @model_validator(mode="after")
    def _fits_together(self) -> "ThresholdTable":
        if not self.min <= self.start <= self.max:
            raise ValueError(f"start: must lie between min ({self.min}) and max ({self.max})")
        if self.capacity is not None and self.cost is not None:
            raise ValueError("capacity, cost: a threshold adapts to one of them; leave one out")
        if self.capacity is not None and self.window < max(self.capacity.per, self.evidence):
            raise ValueError("window: must hold at least one whole period of the capacity, and the evidence")
        return self


class ListFile(_Table):
    """A list in a file of its own: a value a line; empty lines and those that begin with # don't count."""

    file: Annotated[str, Field(min_length=1)]


def _list_form(value: object) -> str:
    return "file" if isinstance(value, dict | ListFile) else "values"


ListValues = Annotated[
    Annotated[list[Identifier], Tag("values")] | Annotated[ListFile, Tag("file")], Discriminator(_list_form)
]


class LimitTable(_Table):
    """A rule's `limit`."""

    amount: Annotated[float, Field(gt=0, le=MAX_AMOUNT)] | None = None
    count: Annotated[int, Field(gt=0)] | None = None
    per: Duration

    @model_validator(mode="after")
    def _fits_together(self) -> "LimitTable":
        if (self.amount is None) == (self.count is None):
            raise ValueError('must have either an amount or a count, as in { amount = 200, per = "1d" }')
        return self

    def limit(self) -> Limit:
        """What it says."""
        return Limit(self.amount, self.count, self.per)


class RuleTable(_Table):
    """One of `[[rules]]`."""

    id: Slug
    events: Annotated[tuple[EventType, ...] | None, Field(min_length=1, strict=False)] = None
    segments: Annotated[tuple[Word, ...] | None, Field(min_length=1, strict=False)] = None
    when: Annotated[str, Field(min_length=1)]
    action: Action | None = None
    record: bool = False
    expires: Duration | None = None
    cooldown: Duration | None = None
    releases: Annotated[tuple[Slug, ...] | None, Field(min_length=1, strict=False)] = None
    limit: LimitTable | None = None
    reason: Annotated[str, Field(min_length=1, max_length=300)]

    @property
    def recorded(self) -> bool:
        """Whether the rule's action becomes a record: an `allow` changes nothing, so it does only on request."""
        return self.action not in (None, "release") and (self.action != "allow" or self.record)

    @model_validator(mode="after")
    def _fits_together(self) -> "RuleTable":
        if self.action in ENDING and self.expires is None:
            raise ValueError(f'expires: a {self.action} must end: write when, as in expires = "24h"')
        if self.action in EVENT_ACTIONS and self.events != (kind := EVENT_ACTIONS[self.action],):
            raise ValueError(f'events: {self.action} is on events of one type: write events = ["{kind}"]')
        if (self.action == "limit") != (self.limit is not None):
            raise ValueError(
                'limit: goes with action = "limit", and says what it allows: limit = { amount = 200, per = "1d" }'
            )
        if self.record and self.action != "allow":
            raise ValueError('record: only for action = "allow"; every other action is recorded')
        if self.expires is not None and not self.recorded:
            raise ValueError("expires: this rule opens nothing that could end; leave it out")
        if self.cooldown is not None and not self.recorded:
            raise ValueError("cooldown: this rule opens nothing that could be too much; leave it out")
        if self.releases is not None and self.action != "release":
            raise ValueError('releases: only for action = "release"')
        return self


class PolicyFile(_Table):
    """The whole file."""

    name: Slug
    version: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]+$", max_length=32)]
    levels: Annotated[dict[Word, Probability], Field(min_length=1)]
    user_risk: UserRiskTable
    fallback: FallbackTable
    actions: ActionsTable = ActionsTable()
    attributes: dict[AttributeName, Literal["text", "number", "flag"]] = {}
    lists: dict[Word, ListValues] = {}
    segments: dict[Word, Annotated[str, Field(min_length=1)]] = {}
    by_segment: dict[Word, dict[Word, Figure]] = {}
    thresholds: dict[Word, ThresholdTable] = {}
    rules: list[RuleTable]

    @model_validator(mode="after")
    def _fits_together(self) -> "PolicyFile":
        thresholds = list(self.levels.values())
        if thresholds[0] != 0 or any(low >= high for low, high in pairwise(thresholds)):
            raise ValueError("levels: the first must begin at 0.0, and each of the others above the one before it")
        if len(thresholds) > 1 and self.user_risk.hysteresis >= thresholds[1]:
            raise ValueError(
                f"user_risk: hysteresis: must be less than {thresholds[1]}, or the second level never ends"
            )
        ids = [rule.id for rule in self.rules]
        if doubled := [one for one in ids if ids.count(one) > 1]:
            raise ValueError(f'rules: the id "{doubled[0]}" is used twice; ids must differ')
        lasting = [rule.id for rule in self.rules if rule.expires is not None]
        for rule in self.rules:
            for name in rule.releases or ():
                if name not in lasting:
                    text = f'"{name}" opens nothing that lasts; {instead_of(name, lasting)}'
                    raise ValueError(f'rule "{rule.id}": releases: {text}')
        self._check_segments()
        return self

    def _check_segments(self) -> None:
        for name, figures in self.by_segment.items():
            if OTHERWISE not in figures:
                raise ValueError(
                    f"by_segment: {name}: {OTHERWISE}: missing: the figure where none of the segments holds"
                )
            for segment in figures.keys() - {OTHERWISE}:
                if segment not in self.segments:
                    raise ValueError(
                        f'by_segment: {name}: unknown segment "{segment}"; {instead_of(segment, self.segments)}'
                    )
        for rule in self.rules:
            for segment in rule.segments or ():
                if segment not in self.segments:
                    text = f'unknown segment "{segment}"; {instead_of(segment, self.segments)}'
                    raise ValueError(f'rule "{rule.id}": segments: {text}')


def explain(errors: list[ErrorDetails], raw: Mapping[str, Any]) -> Iterator[str]:
    """Each problem as `where: what is wrong`, with a rule's id where the rule has one."""
    for error in errors:
        place = list(error["loc"])
        if place[0:1] == ["rules"] and len(place) > 1:
            place[:2] = [_rule(raw, place[1])]
        yield ": ".join([*map(str, place), wrong_field(error, _fields)])


def _rule(raw: Mapping[str, Any], index: int | str) -> str:
    rule = raw["rules"][index]
    known = isinstance(rule, dict) and isinstance(rule.get("id"), str)
    return f'rule "{rule["id"]}"' if known else f"rule {int(index) + 1}"


def _fields(place: list[int | str]) -> list[str]:
    tables: dict[int | str, type[BaseModel]] = {
        "user_risk": UserRiskTable,
        "fallback": FallbackTable,
        "actions": ActionsTable,
        "lists": ListFile,
        "thresholds": CostTable if len(place) > 3 else ThresholdTable,
        "rules": RuleTable,
    }
    if "limit" in place[:-1]:
        return list(LimitTable.model_fields)
    return list(tables.get(place[0], PolicyFile).model_fields if len(place) > 1 else PolicyFile.model_fields)
