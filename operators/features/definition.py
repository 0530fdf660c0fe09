"""What a feature set's TOML file may say."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from contracts.messages import EventType
from operators.durations import parse_duration
from operators.features.calendar import EVENT_VALUES

Entity = Literal["event", "user", "merchant", "device", "card", "ip"]
ENTITY_FIELDS = {"merchant": "merchant_id", "device": "device_id", "card": "card_id", "ip": "ip"}
"""The event's field that names each entity but the user."""

Aggregate = Literal[
    "value", "count", "sum", "mean", "std", "min", "max", "distinct", "same", "share", "rate", "age", "gap"
]
IDENTIFIERS = ("user_id", "merchant_id", "device_id", "card_id", "ip", "country", "category", "order_id", "outcome")
NUMERIC = frozenset({"sum", "mean", "std", "min", "max"})
UNWINDOWED = frozenset({"value", "age", "gap"})

Duration = Annotated[int, BeforeValidator(parse_duration)]


class FeatureSetError(ValueError):
    """A feature set that can't be used: names the feature, the field and the fix."""


class Where(BaseModel):
    """Which events a feature looks at: those that match in every field named."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    event_type: tuple[EventType, ...] | None = Field(default=None, strict=False)
    outcome: tuple[str, ...] | None = Field(default=None, strict=False)
    category: tuple[str, ...] | None = Field(default=None, strict=False)


class Feature(BaseModel):
    """One declared feature; `windows` makes one for each, named by `{window}`."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*(\{window\}[a-z0-9_]*)?$", max_length=64)]
    entity: Entity
    aggregate: Aggregate
    field: str | None = None
    windows: tuple[str, ...] = Field(default=(), strict=False)
    delay: Duration = 0
    where: Where = Where()
    label: Literal["fraud", "legitimate", "abuse"] | None = None

    @model_validator(mode="after")
    def _fits_together(self) -> "Feature":
        for problem in filter(None, (self._field_problem(), self._window_problem(), self._label_problem())):
            raise ValueError(problem)
        return self

    def _field_problem(self) -> str | None:
        allowed: dict[str, tuple[str, ...]] = {
            "value": tuple(EVENT_VALUES),
            "distinct": IDENTIFIERS,
            "same": IDENTIFIERS,
        }
        if self.aggregate in NUMERIC:
            allowed[self.aggregate] = ("amount",)
        if (self.aggregate == "value") != (self.entity == "event"):
            return 'entity = "event" goes with aggregate = "value", and no other'
        fields = allowed.get(self.aggregate)
        if fields and self.field not in fields:
            return f'field: aggregate = "{self.aggregate}" needs one of {", ".join(fields)}'
        return None if fields or self.field is None else f'field: aggregate = "{self.aggregate}" takes none'

    def _window_problem(self) -> str | None:
        if self.aggregate in UNWINDOWED:
            return (
                f'windows and delay: aggregate = "{self.aggregate}" takes none' if self.windows or self.delay else None
            )
        if not self.windows:
            return 'windows: name at least one, such as windows = ["1d"]'
        if len(self.windows) > 1 and "{window}" not in self.name:
            return 'name: with several windows it needs "{window}", such as "user_count_{window}"'
        return None

    def _label_problem(self) -> str | None:
        if (self.aggregate == "rate") != (self.label is not None):
            return 'label: aggregate = "rate" needs it, and no other takes it'
        if self.aggregate == "share" and self.where == Where():
            return "where: a share is that of the events that match it"
        return None


def plain_settings(error: dict[str, Any]) -> str:
    """One validation problem as `field: what is wrong`."""
    place = ".".join(str(part) for part in error["loc"])
    text = str(error["msg"]).removeprefix("Value error, ")
    return f"{place}: {text}" if place else text
