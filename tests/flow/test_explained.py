"""The model's reasons, from the scorer to the records."""

from typing import Any

import pytest

from tests.flow.conftest import MakeDirectory
from tests.flow.harness import (
    Outputs,
    event_records,
    flow_settings,
    label_records,
    read_directory,
    run_to_end,
    updates_by_event,
    write_lines,
)
from tests.flow.stream import Stream, make_stream

BOUND = 0.75


@pytest.fixture(scope="module")
def stream() -> Stream:
    return make_stream(11, 600)


def run(stream: Stream, make_directory: MakeDirectory, processes: int, batch_size: int) -> Outputs:
    place = make_directory()
    write_lines(place / "events.jsonl", event_records(stream))
    write_lines(place / "labels.jsonl", label_records(stream))
    settings = flow_settings(
        place / "state",
        processes=processes,
        source={"batch_size": batch_size},
        scoring={"explain_from": BOUND, "token_budget": batch_size},
    )
    events, labels, out = (str(place / name) for name in ("events.jsonl", "labels.jsonl", "out"))
    run_to_end(settings, events, labels, out, build="tests.flow.hooks:explained")
    return read_directory(place / "out")


def model_reasons(record: dict[str, Any]) -> list[str]:
    return [reason["code"] for reason in record["reasons"] if reason["code"].startswith("model:")]


def test_reasons_follow_the_rules_and_are_those_of_a_replay(stream: Stream, make_directory: MakeDirectory) -> None:
    outputs = run(stream, make_directory, 1, 1_000)
    updates = updates_by_event(outputs)
    for update in updates.values():
        codes, told = [reason["code"] for reason in update["reasons"]], model_reasons(update)
        assert codes[len(codes) - len(told) :] == told
        assert len(told) <= 3
        assert update["score"] >= BOUND or not told
    high = [update for update in updates.values() if update["score"] >= BOUND]
    assert sum(map(bool, map(model_reasons, high))) > 0.9 * len(high) > 50
    opened = [action.value for action in outputs.actions if action.value["by"] == "rule"]
    assert all(model_reasons(one) == model_reasons(updates[one["event_id"]]) for one in opened if not one["follows"])
    assert any(map(model_reasons, opened))
    assert updates_by_event(run(stream, make_directory, 2, 10)) == updates
