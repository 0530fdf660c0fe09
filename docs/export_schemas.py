"""Writes the contracts' JSON Schemas to docs/contracts; `make contracts` runs it, a test compares."""

import json
from pathlib import Path

from contracts.messages import json_schemas

TARGET = Path(__file__).parent / "contracts"

for name, schema in json_schemas().items():
    text = json.dumps(schema, indent=2, ensure_ascii=False)
    (TARGET / f"{name}.schema.json").write_text(text + "\n", encoding="utf-8")
