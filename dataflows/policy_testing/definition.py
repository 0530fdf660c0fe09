"""What a policy's tests may say."""

import tomllib
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails

from contracts.messages import ActionName
from dataflows.errors import UserError
from operators.durations import parse_duration
from operators.policy.definition import LimitTable
from operators.unknown_names import wrong_field

Duration = Annotated[int, BeforeValidator(parse_duration)]
Share = Annotated[float, Field(ge=0, le=1)]
Features = dict[str, float]
Lists = dict[str, list[str]]
Thresholds = dict[str, float]
Event = dict[str, Any]
"""Fields of an event; those that are left out have values of their own."""


class _Table(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class Expectation(_Table):
    """What shall come of one event. What isn't written may be anything."""

    action: ActionName | Literal["none"] | None = None
    """Of the rule that decides; "none": no rule does."""
    rule: str | None = None
    """That decides."""
    reasons: list[str] | None = None
    """Of the update, the deciding rule's first."""
    level: str | None = None
    user_risk: Share | None = None
    expires: Duration | None = None
    """After the event, as the deciding rule says."""

    @model_validator(mode="after")
    def _says_something(self) -> "Expectation":
        if not self.model_fields_set:
            raise ValueError("nothing is expected: write at least an action, or a reason")
        return self


class Case(_Table):
    """One of `[[case]]`: one event of a user with no past but a risk."""

    name: str
    event: Event
    score: Share | None = None
    """Left out: the scorer is away."""
    features: Features = {}
    """Those that are left out are unknown."""
    late: bool = False
    user_risk: Share = 0.0
    """Before the event."""
    lists: Lists = {}
    """Instead of the policy's own."""
    thresholds: Thresholds = {}
    """Instead of those that the policy starts with."""
    expect: Expectation


class StepExpectation(_Table):
    """What shall come of a step, and of the time since the one before."""

    actions: list[str] = []
    """Each "STATUS ACTION" or "STATUS ACTION by RULE", in order."""
    reasons: list[str] | None = None
    level: str | None = None
    user_risk: Share | None = None


class LabelStep(_Table):
    """What becomes known of one of the story's events."""

    event_id: str
    label: Literal["fraud", "legitimate", "abuse"]


class DecisionStep(_Table):
    """What people decide: about an order, or about the latest action on one of the story's events."""

    verdict: Literal["release", "confirm", "override"]
    order_id: str | None = None
    event_id: str | None = None
    action: str | None = None
    expires: Duration | None = None
    limit: LimitTable | None = None


class Step(_Table):
    """One of `[[story.step]]`: an event, a label, a decision, or time that passes."""

    at: Duration
    """Since the story's beginning."""
    event: Event | None = None
    score: Share | None = None
    features: Features = {}
    """Besides the story's."""
    late: bool = False
    label: LabelStep | None = None
    decision: DecisionStep | None = None
    expect: StepExpectation = StepExpectation()

    @model_validator(mode="after")
    def _is_one_thing(self) -> "Step":
        if sum(one is not None for one in (self.event, self.label, self.decision)) > 1:
            raise ValueError("has more than one of event, label and decision: make two steps of it")
        if self.event is None and self.model_fields_set & {"score", "features", "late"}:
            raise ValueError("score, features and late go with an event")
        if self.event is None and self.expect.model_fields_set - {"actions"}:
            raise ValueError("expect: reasons, level and user_risk go with an event")
        return self


class Story(_Table):
    """One of `[[story]]`: what happens to one user, through the flow's own life of actions."""

    name: str
    event: Event = {}
    """Fields that the events of all steps have."""
    features: Features = {}
    """That the events of all steps have."""
    lists: Lists = {}
    thresholds: Thresholds = {}
    step: Annotated[list[Step], Field(min_length=1)]

    @model_validator(mode="after")
    def _goes_on(self) -> "Story":
        times = [step.at for step in self.step]
        if any(later <= earlier for earlier, later in pairwise(times)):
            raise ValueError("step: each must be later than the one before (`at`)")
        return self


class TestFile(_Table):
    """The whole file."""

    __test__ = False
    features: str | None = None
    """The feature set's file, relative to this one: names of features are checked against it."""
    case: list[Case] = []
    story: list[Story] = []

    @model_validator(mode="after")
    def _names_differ(self) -> "TestFile":
        names = [case.name for case in self.case] + [story.name for story in self.story]
        if doubled := [name for name in names if names.count(name) > 1]:
            raise ValueError(f'the name "{doubled[0]}" is used twice; names must differ')
        return self


def read_tests(path: Path) -> TestFile:
    """The tests in a TOML file. Raises UserError, naming the file, the case or story, and the field."""
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
        return TestFile.model_validate(raw)
    except OSError as error:
        raise UserError(f"{path}: can't be read: {error.strerror}; a policy's tests lie beside it") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: not valid TOML: {error}") from None
    except ValidationError as error:
        problems = (_said(one, raw) for one in error.errors(include_url=False, include_context=False))
        raise UserError("\n".join(f"{path}: {problem}" for problem in problems)) from None


def _said(error: ErrorDetails, raw: dict[str, Any]) -> str:
    """Where and what, with the name of the case or story."""
    place = list(error["loc"])
    if len(place) > 1 and place[0] in ("case", "story"):
        kind, index = str(place[0]), int(place[1])
        one = raw[kind][index]
        name = f'"{one["name"]}"' if isinstance(one, dict) and "name" in one else str(index + 1)
        place[:2] = [f"{kind} {name}"]
    steps = [f"step {part + 1}" if isinstance(part, int) else part for part in place if part != "step"]
    return ": ".join([*map(str, steps), wrong_field(error, _fields)])


def _fields(place: list[int | str]) -> list[str]:
    """The fields of the table that an unknown one stands in."""
    named = [part for part in place[:-1] if isinstance(part, str)]
    tables: dict[str, type[BaseModel]] = {
        "case": Case, "story": Story, "step": Step, "label": LabelStep, "decision": DecisionStep, "limit": LimitTable,
    }  # fmt: skip
    if named[-1:] == ["expect"]:
        return list((StepExpectation if "step" in named else Expectation).model_fields)
    return list((tables[named[-1]] if named else TestFile).model_fields)
