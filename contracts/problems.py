"""What is told of data that doesn't fit its model: the field, and what is wrong with it."""

from reprlib import repr as shortened

from pydantic import ValidationError
from pydantic_core import ErrorDetails


def first_problem(error: ValidationError) -> str:
    """The first of an error's problems."""
    return problems(error)[0]


def problems(error: ValidationError) -> list[str]:
    """Each as `table.field: what is wrong, not what is there`."""
    return [_told(detail) for detail in error.errors(include_url=False, include_context=False)]


def _told(detail: ErrorDetails) -> str:
    text, given = detail["msg"].removeprefix("Value error, "), detail["input"]
    if not detail["loc"]:
        return text  # of the whole, which would be too long to show
    if detail["type"] == "extra_forbidden":
        text = "unknown field; look for a slip of the pen"
    elif given is None or isinstance(given, str | float | int):
        text += f", not {shortened(given)}"
    return f"{'.'.join(map(str, detail['loc']))}: {text}"
