"""`sealwax import` as its user meets it: outputs, the list of bad rows, and how it ends."""

from pathlib import Path

import orjson
import pytest
import zstandard

from dataflows.cli.import_ import import_
from dataflows.errors import UserError

MAPPING = """
[event]
event_id = "ID"
event_type = { constant = "login" }
event_time = "TIME"
user_id = "USER"
"""


@pytest.fixture
def table(tmp_path: Path) -> Path:
    (tmp_path / "mapping.toml").write_text(MAPPING, "utf-8")
    path = tmp_path / "table.csv"
    bad = "".join(f"{number},never,u\n" for number in range(2, 14))
    path.write_text(f"ID,TIME,USER\n1,2026-01-01T00:00:00Z,u\n{bad}", "utf-8")
    return path


def test_bad_rows_fail_the_import_unless_they_are_accepted(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mapping, events, labels = (table.with_name(name) for name in ("mapping.toml", "e.jsonl", "l.jsonl"))
    with pytest.raises(UserError, match=r"12 rows were left out of .*--skip-bad"):
        import_([table], mapping, events, labels)
    told = capsys.readouterr().err
    assert f"{table}, line 3: event_time: 'never' is not an ISO 8601 time" in told
    assert told.count("is not an ISO 8601 time") == 10
    assert "--rejects FILE lists them all" in told

    rejects = table.with_name("rejects.jsonl")
    import_([table], mapping, events, labels, rejects=rejects, skip_bad=True)
    listed = [orjson.loads(line) for line in rejects.read_bytes().splitlines()]
    assert [reject["place"] for reject in listed] == [f"line {number}" for number in range(3, 15)]
    assert listed[0]["file"] == str(table)
    assert len(events.read_bytes().splitlines()) == 1
    assert labels.read_bytes() == b""


def test_compressed_output_holds_the_same(table: Path) -> None:
    mapping, plain, packed = (table.with_name(name) for name in ("mapping.toml", "e.jsonl", "e.jsonl.zst"))
    labels = table.with_name("l.jsonl")
    for events in (plain, packed):
        import_([table], mapping, events, labels, skip_bad=True)
    assert zstandard.ZstdDecompressor().stream_reader(packed.read_bytes()).read() == plain.read_bytes()


@pytest.mark.parametrize(
    ("events", "labels", "complaint"),
    [
        ("one.jsonl", "one.jsonl", "must be two files"),
        ("e.json", "l.jsonl", r"e\.json: a file of events or labels is called \*\.jsonl or \*\.jsonl\.zst"),
        ("none/e.jsonl", "l.jsonl", r"e\.jsonl: can't be written: No such file or directory"),
    ],
)
def test_outputs_that_can_not_be(table: Path, events: str, labels: str, complaint: str) -> None:
    folder = table.parent
    with pytest.raises(UserError, match=complaint):
        import_([table], folder / "mapping.toml", folder / events, folder / labels, skip_bad=True)
    assert {path.name for path in folder.iterdir()} == {"mapping.toml", "table.csv"}
