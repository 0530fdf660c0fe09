"""What the tests of importing share: a folder to write in and a short way to import."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pytest

from dataflows.importing.importer import BadRow, ImportCounts, Importer
from dataflows.importing.mapping import load_mapping

REPOSITORY = Path(__file__).parents[2]
EXAMPLES = REPOSITORY / "docs" / "examples"


@dataclass(frozen=True)
class Result:
    """What an import wrote and told."""

    events: list[dict[str, Any]]
    labels: list[dict[str, Any]]
    bad: list[BadRow]
    counts: ImportCounts


ImportTables = Callable[..., Result]


@pytest.fixture
def import_tables(tmp_path: Path) -> ImportTables:
    """Imports tables by a mapping's text, or by a mapping file."""

    def run(mapping: str | Path, *tables: Path) -> Result:
        if isinstance(mapping, str):
            text, mapping = mapping, tmp_path / "mapping.toml"
            mapping.write_text(text, "utf-8")
        bad: list[BadRow] = []
        importer = Importer(load_mapping(mapping), bad.append)
        events, labels = tmp_path / "events.jsonl", tmp_path / "labels.jsonl"
        importer.write(tables, events, labels, lambda: None)
        return Result(_lines(events), _lines(labels), bad, importer.counts)

    return run


def _lines(path: Path) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in path.read_bytes().splitlines()]
