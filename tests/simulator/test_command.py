"""`sealwax simulate` as its user meets it."""

from pathlib import Path
from typing import Any

import orjson
import pytest

from contracts.codec import decode_event, decode_label
from dataflows.cli.simulate import simulate
from dataflows.errors import UserError


def test_files_of_events_labels_and_truth(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    paths = {name: tmp_path / f"{name}.jsonl" for name in ("events", "labels", "truth")}
    simulate(users=300, days=12, seed=5, start="2025-03-01", **paths)
    events = [decode_event(line) for line in paths["events"].read_bytes().splitlines()]
    labels = [decode_label(line) for line in paths["labels"].read_bytes().splitlines()]
    truth = [orjson.loads(line) for line in paths["truth"].read_bytes().splitlines()]
    assert events[0].event_time >= 1_740_787_200_000
    assert {label.event_id for label in labels} <= {event.event_id for event in events}
    assert {entry["event_id"] for entry in truth} <= {event.event_id for event in events}
    assert all(set(entry) == {"event_id", "scenario"} for entry in truth)
    told = capsys.readouterr().err
    assert "account_takeover" in told
    assert f"{len(events) - len(truth):,}" in told


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({}, "nowhere to write: give --events and --labels, or --sink"),
        ({"events": "e.jsonl", "labels": "e.jsonl"}, "must be different files"),
        ({"events": "e.csv"}, r"is called \*\.jsonl or \*\.jsonl\.zst"),
        ({"events": "e.jsonl", "rate": 10.0}, "--rate is for --sink"),
        ({"events": "e.jsonl", "start": "01.02.2026"}, "--start 01.02.2026: write a day such as 2026-01-01"),
        ({"events": "e.jsonl", "start": "2099-12-01"}, "begin earlier"),
        ({"sink": "out"}, "--sink out: simulate streams to kafka://host:port"),
    ],
)
def test_what_can_not_be(options: dict[str, Any], complaint: str, tmp_path: Path) -> None:
    given = {name: tmp_path / value if name in ("events", "labels") else value for name, value in options.items()}
    with pytest.raises(UserError, match=complaint):
        simulate(users=10, days=1, **given)
    assert list(tmp_path.iterdir()) == []
