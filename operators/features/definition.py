"""What a feature set's TOML file may say."""

from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from contracts.messages import EventType
from operators.durations import parse_duration
from operators.features.calendar import EVENT_VALUES
from operators.features.entity import ENTITY_FIELDS, check_entity
from operators.features.window import Window as Span
from operators.features.window import window_of

Entity = Annotated[str, AfterValidator(check_entity)]
Aggregate = Literal[
    "value", "count", "sum", "mean", "std", "min", "max", "distinct", "same", "share", "rate", "age", "gap", "changed",
    "expression",
]  # fmt: skip
IDENTIFIERS = tuple(ENTITY_FIELDS.values())
NUMERIC = frozenset({"sum", "mean", "std", "min", "max"})
UNWINDOWED = frozenset({"value", "age", "gap", "changed", "expression"})
UNFILTERED = frozenset({"value", "age", "expression"})

_LONGEST: Final = 3_650 * 86_400_000


def _bounded_duration(text: str) -> int:
    millis = parse_duration(text)
    if millis > _LONGEST:
        raise ValueError("must be at most 3650d")
    return millis


def _window(text: str) -> str:
    if not _bounded_duration(text):
        raise ValueError("must be longer than 0")
    return text


Duration = Annotated[int, BeforeValidator(_bounded_duration)]
Window = Annotated[str, AfterValidator(_window)]
"""As it is written, since it is part of the feature's name."""


class FeatureSetError(ValueError):
    """A feature set that can't be used: names the line, the feature, the field and the fix."""


class _Table(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class Where(_Table):
    """Which events a feature looks at: those that match in every field named."""

    event_type: Annotated[list[EventType], Field(min_length=1)] | None = None
    outcome: Annotated[list[str], Field(min_length=1)] | None = None
    category: Annotated[list[str], Field(min_length=1)] | None = None


class Feature(_Table):
    """One declared feature; `windows` makes one for each, named by `{window}`."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*(\{window\}[a-z0-9_]*)?$", max_length=64)]
    entity: Entity
    aggregate: Aggregate
    field: str | None = None
    windows: list[Window] = []
    delay: Duration = 0
    where: Where = Where()
    label: Literal["fraud", "legitimate", "abuse"] | None = None
    expression: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _is_expression(cls, table: Any) -> Any:
        """An expression needs neither entity nor aggregate."""
        if isinstance(table, dict) and "expression" in table:
            return {"entity": "event", "aggregate": "expression"} | table
        return table

    @property
    def names(self) -> list[str]:
        """One for each window, in order."""
        return [self.name.replace("{window}", window) for window in self.windows] or [self.name]

    @property
    def own(self) -> bool:
        """Of the user's own events, read as they come; every other window waits until it is settled."""
        return self.entity in ("event", "user") and self.label is None

    @property
    def sizes(self) -> list[int]:
        """Of the window behind each of the names, in ms; 0 where it takes none."""
        return [parse_duration(window) for window in self.windows] or [0]

    def spans(self, settle: int) -> list[Span]:
        """The window behind each of the names; `settle` (ms) is the feature set's."""
        return [window_of(self.aggregate, size, self.delay, 0 if self.own else settle) for size in self.sizes]

    @model_validator(mode="after")
    def _fits_together(self) -> "Feature":
        problems = (self._field_problem(), self._window_problem(), self._where_problem(), self._label_problem())
        for problem in filter(None, problems):
            raise ValueError(problem)
        return self

    def _field_problem(self) -> str | None:
        allowed: dict[str, tuple[str, ...]] = {
            "value": tuple(EVENT_VALUES),
            "distinct": IDENTIFIERS,
            "same": IDENTIFIERS,
            "changed": IDENTIFIERS,
        }
        if self.aggregate in NUMERIC:
            allowed[self.aggregate] = ("amount",)
        if (self.aggregate == "expression") != (self.expression is not None):
            return 'expression: goes with aggregate = "expression", which may be left out, and no other'
        if (self.aggregate in ("value", "expression")) != (self.entity == "event"):
            return 'entity = "event" goes with aggregate = "value" or an expression, and no other'
        fields = allowed.get(self.aggregate)
        if fields and self.field not in fields:
            return f'field: aggregate = "{self.aggregate}" needs one of {", ".join(fields)}'
        return None if fields or self.field is None else f'field: aggregate = "{self.aggregate}" takes none'

    def _window_problem(self) -> str | None:
        if self.aggregate in UNWINDOWED:
            given = self.windows or self.delay or "{window}" in self.name
            return f'windows and delay: aggregate = "{self.aggregate}" takes none' if given else None
        if not self.windows:
            return 'windows: name at least one, such as windows = ["1d"]'
        if len(self.windows) > 1 and "{window}" not in self.name:
            return 'name: with several windows it needs "{window}", such as "user_count_{window}"'
        return None

    def _where_problem(self) -> str | None:
        if self.aggregate in UNFILTERED and self.where != Where():
            return f'where: aggregate = "{self.aggregate}" takes none'
        if self.aggregate == "share" and self.where == Where():
            return 'where: a share is that of the events that match it, such as where = { event_type = ["refund"] }'
        return None

    def _label_problem(self) -> str | None:
        if (self.aggregate == "rate") != (self.label is not None):
            return 'label: aggregate = "rate" needs it, and no other takes it'
        return None


class FeatureFile(_Table):
    """The whole file."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$")]
    settle: Duration = 2_000
    window_events: Annotated[int, Field(ge=1, le=64)] = 16
    max_events: Annotated[int, Field(ge=1, le=40_000)] = 10_000
    """Of an entity, so many of the latest events are kept one by one, the older ones merged; that many of the greatest
    amounts still add up in 64 bits."""
    features: Annotated[list[Feature], Field(min_length=1)]
