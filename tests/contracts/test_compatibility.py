"""Which changes of a contract break its writers or its readers."""

from copy import deepcopy
from typing import Any

import pytest

from contracts.compatibility import breaks_input, breaks_output
from contracts.messages import json_schemas

OLD: dict[str, Any] = {
    "type": "object",
    "required": ["id", "kind", "place"],
    "properties": {
        "id": {"type": "string", "minLength": 1, "maxLength": 128},
        "kind": {"enum": ["a", "b"], "type": "string"},
        "note": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        "score": {"type": "number", "minimum": 0, "maximum": 1},
        "place": {"$ref": "#/$defs/Place"},
        "codes": {"type": "array", "items": {"type": "string"}},
        "extra": {"type": "object", "additionalProperties": {"type": "number"}},
    },
    "$defs": {"Place": {"type": "object", "required": ["at"], "properties": {"at": {"type": "integer"}}}},
}

GROWN = {"properties": {"more": {"type": "string"}}}

WIDER: list[tuple[dict[str, Any], str]] = [
    ({"properties": {"kind": {"enum": ["a", "b", "c"]}}}, "kind: may be 'c'"),
    ({"properties": {"kind": {"enum": None}}}, "kind: may be any value"),
    ({"properties": {"score": {"maximum": 2}}}, "score: maximum"),
    ({"properties": {"score": {"minimum": None}}}, "score: minimum"),
    ({"properties": {"id": {"maxLength": None}}}, "id: maxLength"),
    ({"properties": {"note": {"anyOf": [{"type": "string"}, {"type": "null"}, {"type": "integer"}]}}}, "note: may be"),
    ({"properties": {"codes": {"items": {"type": None}}}}, "codes.[]: may be anything"),
    ({"properties": {"extra": {"additionalProperties": {"type": ["number", "string"]}}}}, "extra.*: may be string"),
    ({"required": ["id", "kind"]}, "place: may be missing"),
    ({"$defs": {"Place": {"required": []}}}, "place.at: may be missing"),
    ({"$defs": {"Place": {"properties": {"at": {"type": "number"}}}}}, "place.at: may be number"),
]
"""Changes by which more may be written, with what a reader of before would say."""


def changed(schema: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    """The schema with a change laid over it; None takes away."""
    result = deepcopy(schema)
    for name, value in change.items():
        if value is None:
            del result[name]
        elif isinstance(value, dict) and isinstance(result.get(name), dict):
            result[name] = changed(result[name], value)
        else:
            result[name] = value
    return result


@pytest.mark.parametrize(("change", "said"), WIDER)
def test_wider_breaks_readers_alone(change: dict[str, Any], said: str) -> None:
    new = changed(OLD, change)
    assert [problem[: len(said)] for problem in breaks_output(OLD, new)] == [said]
    assert not breaks_input(OLD, new)


@pytest.mark.parametrize(("change", "said"), WIDER)
def test_narrower_breaks_writers_alone(change: dict[str, Any], said: str) -> None:
    new = changed(OLD, change)
    assert [problem[: len(said)] for problem in breaks_input(new, OLD)] == [said]


@pytest.mark.parametrize("breaks", [breaks_input, breaks_output])
def test_optional_field_may_be_added_and_none_removed(breaks: Any) -> None:
    assert not breaks(OLD, changed(OLD, GROWN))
    assert breaks(changed(OLD, GROWN), OLD) == ["more: is gone"]
    assert breaks(OLD, changed(OLD, {"properties": {"note": None}})) == ["note: is gone"]


@pytest.mark.parametrize("name", json_schemas())
def test_contract_follows_itself(name: str) -> None:
    schema = json_schemas()[name]
    assert not breaks_input(schema, schema)
    assert not breaks_output(schema, schema)
