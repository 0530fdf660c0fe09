"""What is said of a name that isn't known: in feature sets, in policies and in their expressions."""

from collections.abc import Callable, Collection
from difflib import get_close_matches

from pydantic_core import ErrorDetails

Place = list[int | str]
"""Keys and indexes into a document."""


def instead_of(name: str, known: Collection[str]) -> str:
    """What to write for an unknown name: the closest of the known ones, or all of them."""
    ending = [other for other in known if other.rpartition(".")[2] == name]
    if close := ending or get_close_matches(name, known, n=1):
        return f"did you mean {close[0]}?"
    return f"known: {', '.join(known)}" if known else "none is declared"


def wrong_field(detail: ErrorDetails, fields: Callable[[Place], Collection[str]]) -> str:
    """What is wrong with a field; where it is unknown, with what to write instead of `fields` of its place."""
    if detail["type"] == "extra_forbidden":
        place = list(detail["loc"])
        return f"unknown field; {instead_of(str(place[-1]), fields(place))}"
    return detail["msg"].removeprefix("Value error, ")
