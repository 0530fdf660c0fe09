"""The kinds of fields that messages are made of, and how long they may be."""

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from contracts.times import format_time, parse_time

Identifier = Annotated[str, Field(min_length=1, max_length=128)]
Optional = Annotated[str, Field(max_length=128)] | None
"""An optional short text; null, absent and empty mean the same."""

MAX_AMOUNT = 1e10
MAX_TEXT = 2_000
MAX_ATTRIBUTES = 32
MAX_ATTRIBUTE_KEY = 64
MAX_ATTRIBUTE_TEXT = 256

_TIME_IN = {"anyOf": [{"type": "string", "format": "date-time"}, {"type": "integer", "title": "epoch milliseconds"}]}
TimeIn = Annotated[int, BeforeValidator(parse_time), WithJsonSchema(_TIME_IN)]
"""RFC 3339 or epoch milliseconds in; epoch milliseconds in Python."""

_TIME_OUT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def _is_time_out(value: str) -> str:
    if not _TIME_OUT.fullmatch(value) or format_time(parse_time(value)) != value:
        raise ValueError("must be RFC 3339 in UTC with milliseconds, such as 2026-01-31T12:00:00.000Z")
    return value


TimeOut = Annotated[str, AfterValidator(_is_time_out), Field(json_schema_extra={"format": "date-time"})]
Amount = Annotated[float, Field(ge=0, le=MAX_AMOUNT, allow_inf_nan=False)]
AttributeKey = Annotated[str, Field(max_length=MAX_ATTRIBUTE_KEY)]
AttributeText = Annotated[str, Field(max_length=MAX_ATTRIBUTE_TEXT)]
AttributeNumber = Annotated[float, Field(allow_inf_nan=False)]


def _few_attributes(value: object) -> object:
    """Refuses too many before each is looked at and reported."""
    if isinstance(value, dict) and len(value) > MAX_ATTRIBUTES:
        raise ValueError(f"must have at most {MAX_ATTRIBUTES} entries, not {len(value)}")
    return value


Attributes = Annotated[
    dict[AttributeKey, AttributeText | bool | AttributeNumber],
    Field(max_length=MAX_ATTRIBUTES),
    BeforeValidator(_few_attributes),
]


class Message(BaseModel):
    """What travels: readers ignore the fields that they don't know."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)
