"""Writes the contracts to docs/contracts: JSON Schemas, the AsyncAPI document. `make contracts` runs it, tests compare.

With --release, it also notes the schemas as released: from then on, a test refuses changes that break them.
"""

import json
import sys
from pathlib import Path
from typing import Any

from contracts.messages import json_schemas
from dataflows.asyncapi import asyncapi

TARGET = Path(__file__).parent / "contracts"
RELEASED = TARGET / "released.json"


def write(path: Path, document: dict[str, Any]) -> None:
    path.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


for name, schema in json_schemas().items():
    write(TARGET / f"{name}.schema.json", schema)
write(TARGET / "asyncapi.json", asyncapi())
if "--release" in sys.argv[1:]:
    write(RELEASED, json_schemas())
