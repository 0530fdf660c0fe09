"""The mapping file: which column of a table becomes which field of an event or label.

A field is given by a column's name, by a template such as "fdh-{TRANSACTION_ID}", or by a table that says more:
`{ constant = "payment" }`, `{ column = "KIND", values = { "1" = "payment", "2" = "refund" } }`.
"""

import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    ValidationError,
    model_validator,
)

from dataflows.errors import UserError
from operators.durations import parse_duration

_TEMPLATE = re.compile(r"([^{}]*\{[^{}]+\})+[^{}]*")


class _Table(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class TextSource(_Table):
    """Text from a column, from a template over columns, or constant; with `values`, translated."""

    column: str | None = None
    template: str | None = None
    constant: str | None = None
    values: dict[str, str] | None = None
    otherwise: str | None = None
    """What a text that `values` doesn't name becomes; without it, such a row is bad."""

    @model_validator(mode="after")
    def _one_origin(self) -> "TextSource":
        if sum(origin is not None for origin in (self.column, self.template, self.constant)) != 1:
            raise ValueError("give exactly one of column, template and constant")
        if self.otherwise is not None and self.values is None:
            raise ValueError("otherwise needs values")
        if self.template is not None and not _TEMPLATE.fullmatch(self.template):
            raise ValueError(f"{self.template!r} has braces that do not close around a column's name")
        return self


class NumberSource(_Table):
    """A number from a column."""

    column: str
    type: Literal["number"] = "number"
    decimal: Literal[".", ","] = "."


def _zone(name: object) -> ZoneInfo:
    try:
        return ZoneInfo(str(name))
    except (KeyError, ValueError, OSError):
        raise ValueError(f'no time zone is called {name!r}: write one such as "UTC" or "Europe/Brussels"') from None


def _time_format(text: str) -> str:
    if text not in ("iso", "epoch_s", "epoch_ms") and "%" not in text:
        raise ValueError('write iso, epoch_s, epoch_ms, or a pattern such as "%d/%m/%Y %H:%M"')
    return text


class TimeSource(_Table):
    """A moment from a column."""

    column: str
    format: Annotated[str, AfterValidator(_time_format)] = "iso"
    """iso (also a Parquet timestamp), epoch_s, epoch_ms, or a strptime pattern such as "%d/%m/%Y %H:%M"."""
    zone: Annotated[ZoneInfo, BeforeValidator(_zone)] | None = None
    """Of times that name none themselves; of the two hours of a clock set back, the earlier is meant."""


def _short(value: object) -> object:
    """A bare string is a column's name, or a template if it holds braces."""
    if isinstance(value, str):
        return {"template" if "{" in value else "column": value}
    return value


def _kind(value: Any) -> str:
    return "number" if isinstance(value, dict) and value.get("type") == "number" else "text"


Text = Annotated[TextSource, BeforeValidator(_short)]
Number = Annotated[NumberSource, BeforeValidator(_short)]
Time = Annotated[TimeSource, BeforeValidator(_short)]
Attribute = Annotated[Annotated[Text, Tag("text")] | Annotated[Number, Tag("number")], Discriminator(_kind)]


class EventMapping(_Table):
    """[event]: where each of the contract's fields comes from; one that isn't named is absent."""

    event_id: Text
    event_type: Text
    event_time: Time
    user_id: Text
    order_id: Text | None = None
    amount: Number | None = None
    currency: Text | None = None
    merchant_id: Text | None = None
    device_id: Text | None = None
    card_id: Text | None = None
    ip: Text | None = None
    country: Text | None = None
    category: Text | None = None
    text: Text | None = None
    outcome: Text | None = None
    attributes: dict[str, Attribute] = {}


class LabelMapping(_Table):
    """[label]: what a column's values say of the row's event, and how long after it that became known."""

    column: str
    values: dict[str, Literal["fraud", "legitimate", "abuse"]]
    """A value that isn't named gives no label."""
    delay: Annotated[int, BeforeValidator(parse_duration)]
    source: Annotated[str, Field(min_length=1, max_length=128)]


def _encoding(name: str) -> str:
    try:
        "".encode(name)
    except LookupError:
        raise ValueError(f"no encoding is called {name!r}: write one such as utf-8 or cp1252") from None
    return name


class CsvDialect(_Table):
    """[csv]: how CSV inputs are written."""

    delimiter: Annotated[str, Field(min_length=1, max_length=1)] = ","
    encoding: Annotated[str, AfterValidator(_encoding)] = "utf-8-sig"


class Mapping(_Table):
    """A whole mapping file."""

    event: EventMapping
    label: LabelMapping | None = None
    csv: CsvDialect = CsvDialect()


T = TypeVar("T", bound=BaseModel)


def load_mapping(path: Path) -> Mapping:
    """The mapping in a TOML file. Raises UserError naming the file, the field and the fix."""
    try:
        return Mapping.model_validate(tomllib.loads(path.read_text("utf-8")))
    except OSError as error:
        raise UserError(f"{path}: can't be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UserError(f"{path}: is not a text file in UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise UserError(f"{path}: is not valid TOML: {error}") from None
    except ValidationError as error:
        raise UserError("\n".join(f"{path}: {problem}" for problem in _problems(error))) from None


def _problems(error: ValidationError) -> list[str]:
    found = []
    for detail in error.errors(include_url=False, include_context=False):
        section, *rest = (str(part) for part in detail["loc"])
        place = f"[{section}] {'.'.join(rest)}".rstrip()
        found.append(f"{place}: {_said(detail['type'], detail['msg'])}")
    return found


def _said(kind: str, text: str) -> str:
    if kind == "extra_forbidden":
        return "no such field; docs/contracts/event.schema.json has the contract's fields, docs/examples has examples"
    if kind == "missing":
        return "is missing"
    return text.removeprefix("Value error, ")
