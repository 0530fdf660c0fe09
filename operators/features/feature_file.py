"""Reads a feature set's TOML text, and says what is wrong with it: the line, the feature, the field and the fix."""

import re
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from operators.features.definition import Feature, FeatureFile, FeatureSetError, Where
from operators.features.expression import ExpressionError, written
from operators.toml_lines import located
from operators.unknown_names import instead_of

_FIELD_TOLD: Final = re.compile(r"\w+")
_EXAMPLES: Final = {
    "name": 'name = "user_count_{window}"',
    "entity": 'entity = "user"',
    "aggregate": 'aggregate = "count"',
    "windows": 'windows = ["1h", "7d"]',
}
_EMPTY: Final = {"features": "declare at least one, in a table that begins with [[features]]"}
_FEATURE: Final = "each feature is a table that begins with [[features]]"


def parse_feature_file(text: str, source: str) -> FeatureFile:
    """What a TOML text declares. Raises FeatureSetError naming `source`, the line, the feature, the field and the fix,
    of everything that is wrong."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise FeatureSetError(f"{source}: not valid TOML: {error}") from None
    try:
        file = FeatureFile.model_validate(document)
        problems = [*_doubled(file), *_wrong_expressions(file)]
    except ValidationError as error:
        problems = [_problem(detail, document) for detail in error.errors(include_url=False, include_context=False)]
    if problems:
        told = [f"{located(source, text, place)}: {_named(place, document)}{what}" for place, what in problems]
        raise FeatureSetError("\n".join(told))
    return file


Place = Sequence[int | str]
"""Keys and indexes into the document."""


def _doubled(file: FeatureFile) -> Iterator[tuple[Place, str]]:
    counts = Counter[str]()
    for index, feature in enumerate(file.features):
        for name in feature.names:
            counts[name] += 1
            if counts[name] == 2:
                yield ("features", index, "name"), f"name: {name} is used twice; names must differ"


def _wrong_expressions(file: FeatureFile) -> Iterator[tuple[Place, str]]:
    names = [name for feature in file.features for name in feature.names]
    place = 0
    for index, feature in enumerate(file.features):
        if feature.expression is not None:
            try:
                written(feature.expression, names[:place], names[place:])
            except ExpressionError as error:
                yield ("features", index, "expression"), f"expression: {error}"
        place += len(feature.names)


def _problem(detail: ErrorDetails, document: Mapping[str, Any]) -> tuple[Place, str]:
    """Where it is, and what is wrong; a validator of a whole feature begins its text with the field that it means."""
    place, text = list(detail["loc"]), detail["msg"].removeprefix("Value error, ")
    if detail["type"] == "value_error" and len(place) == 2:
        return [*place, *_FIELD_TOLD.findall(text)[:1]], text
    inner = place[2:] if place[:1] == ["features"] and len(place) > 1 else place
    return place, ": ".join([*map(str, inner), _advice(detail["type"], place, text)])


def _advice(kind: str, place: Place, text: str) -> str:
    field = str(place[-1])
    match kind:
        case "extra_forbidden":
            return f"unknown field; {instead_of(field, _known(place))}"
        case "missing":
            return _EMPTY.get(field) or f"missing; write one, such as {_example(place)}"
        case "too_short":
            return _EMPTY.get(field, "empty; name at least one, or leave it out")
        case "list_type" | "model_type" if place[0] == "features" and len(place) < 3:
            return _FEATURE
        case "list_type":
            example = _EXAMPLES.get(field, f'{field} = ["ok"]')
            return f"must be a list, such as {example}"
        case "model_type":
            return f'must be a table, such as {field} = {{ outcome = ["ok"] }}'
        case "string_pattern_mismatch":
            return f"small letters and digits only, words joined by {_joint(place)}, such as {_example(place)}"
    return text


def _named(place: Place, document: Mapping[str, Any]) -> str:
    """`feature so-and-so: ` in front of what is wrong with one."""
    if len(place) < 2 or place[0] != "features":
        return ""
    feature = document["features"][place[1]]
    name = feature.get("name") if isinstance(feature, dict) else None
    return f"feature {name}: " if name else f"feature number {int(place[1]) + 1}: "


def _example(place: Place) -> str:
    return _EXAMPLES[str(place[-1])] if len(place) > 1 else 'name = "corner-shop"'


def _joint(place: Place) -> str:
    return '"_"' if len(place) > 1 else '"-"'


def _known(place: Place) -> list[str]:
    return list((FeatureFile if len(place) == 1 else Where if "where" in place else Feature).model_fields)
