"""What is exported is what the contracts say, and no change breaks those who write and read by what was released."""

import json
from pathlib import Path

import pytest

from contracts.compatibility import breaks_input, breaks_output
from contracts.messages import json_schemas
from dataflows.asyncapi import INPUTS, OUTPUTS, asyncapi
from dataflows.settings import TopicSettings
from dataflows.topics import flow_topics

EXPORTED = Path(__file__).parents[2] / "docs" / "contracts"
RELEASED = json.loads((EXPORTED / "released.json").read_text())


@pytest.mark.parametrize("name", json_schemas())
def test_exported_schema_is_in_step(name: str) -> None:
    exported = json.loads((EXPORTED / f"{name}.schema.json").read_text())
    assert exported == json_schemas()[name], "run `make contracts` and commit what changed"


def test_nothing_else_is_exported() -> None:
    schemas = {f"{name}.schema.json" for name in json_schemas()}
    assert {path.name for path in EXPORTED.iterdir()} == schemas | {"asyncapi.json", "released.json"}


def test_asyncapi_document_is_in_step() -> None:
    assert json.loads((EXPORTED / "asyncapi.json").read_text()) == asyncapi(), "run `make contracts`"


def test_asyncapi_document_has_every_topic_and_message() -> None:
    assert {channel["address"] for channel in asyncapi()["channels"].values()} == {
        plan.name for plan in flow_topics(TopicSettings())
    }
    assert {*INPUTS.values(), *OUTPUTS.values()} == set(json_schemas())


@pytest.mark.parametrize("name", RELEASED)
def test_released_contract_is_kept(name: str) -> None:
    breaks = breaks_input if name in INPUTS.values() else breaks_output
    assert not breaks(RELEASED[name], json_schemas()[name])
