"""The exported JSON Schemas are the contracts' own."""

import json
from pathlib import Path

import pytest

from contracts.messages import json_schemas

EXPORTED = Path(__file__).parents[2] / "docs" / "contracts"


@pytest.mark.parametrize("name", json_schemas())
def test_exported_schema_is_in_step(name: str) -> None:
    exported = json.loads((EXPORTED / f"{name}.schema.json").read_text())
    assert exported == json_schemas()[name], "run `make contracts` and commit what changed"


def test_nothing_else_is_exported() -> None:
    assert {path.name for path in EXPORTED.iterdir()} == {f"{name}.schema.json" for name in json_schemas()}
