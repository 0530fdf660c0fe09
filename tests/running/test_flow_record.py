"""A state directory goes with the inputs and outputs that it was made with, and with no others."""

from pathlib import Path

import pytest

from dataflows.connectors.base import ReadRange
from dataflows.connectors.memory import MemoryInput, MemoryLog, MemoryOutput
from dataflows.errors import UserError
from dataflows.flow_record import FlowRecord, flow_record
from dataflows.request import RunRequest
from dataflows.settings import Settings, SourceSettings, TopicSettings

FEATURES = Path(__file__).parents[1] / "flow" / "features.toml"
OUTPUTS = ("risk-updates", "user-risk", "policy-actions", "policy-changes", "dead-letters")


def _request(
    source: str = "april.jsonl", sink: str = "out", labels: str | None = None, settings: Settings | None = None
) -> RunRequest:
    return RunRequest(source=source, labels=labels, sink=sink, wire=(settings or Settings()).to_wire())


def _log() -> MemoryLog:
    return MemoryLog({"transactions": 2, "labels": 1} | dict.fromkeys(OUTPUTS, 2))


def _record(state: Path, request: RunRequest, log: MemoryLog) -> FlowRecord:
    latest = ReadRange("latest" if request.settings.source.start == "latest" else "earliest")
    return flow_record(state, request, MemoryInput(log, ["transactions", "labels"], latest), MemoryOutput(log))


@pytest.mark.parametrize(
    ("other", "named"),
    [
        (_request(source="may.jsonl"), "transactions in .*april.jsonl, not in .*may.jsonl"),
        (_request(source="kafka://localhost:9092"), "april.jsonl, not in Kafka"),
        (_request(sink="elsewhere"), "risk-updates in .*out, not in .*elsewhere"),
        (_request(settings=Settings(topics=TopicSettings(risk_updates="scores"))), "without the output topic scores"),
        (_request(settings=Settings(features=FEATURES)), "with the feature set shop#"),
    ],
)
def test_another_flow_needs_a_state_directory_of_its_own(tmp_path: Path, other: RunRequest, named: str) -> None:
    """Or the first records of another file would be taken for read."""
    _record(tmp_path, _request(), _log())
    with pytest.raises(UserError, match=rf"flow.json: this state was made .*{named}.*--state"):
        _record(tmp_path, other, _log())


def test_a_cluster_may_move_and_labels_may_join(tmp_path: Path) -> None:
    made = _record(tmp_path, _request("kafka://old:9092", "kafka://old:9092"), _log())
    moved = _request("kafka://new:9092", "kafka://new:9092", "kafka://new:9092")
    assert _record(tmp_path, moved, _log()) == made


def test_latest_stays_where_it_was(tmp_path: Path) -> None:
    """A crash before the first epoch is durable must not skip what came meanwhile."""
    request, log = _request("kafka://a:1", settings=Settings(source=SourceSettings(start="latest"))), _log()
    log.append("transactions", 1, b"{}")
    assert _record(tmp_path, request, log).starts == {"labels-0": 0, "transactions-0": 0, "transactions-1": 1}
    log.append("transactions", 1, b"{}")
    assert _record(tmp_path, request, log).starts == {"labels-0": 0, "transactions-0": 0, "transactions-1": 1}


def test_output_partitions_stay_as_many_as_they_were(tmp_path: Path) -> None:
    """Or a replayed update would go to another partition than the one that holds it."""
    log = _log()
    _record(tmp_path, _request(), log)
    log.add_partitions("risk-updates", 5)
    request = _request().model_copy(update={"origins": _record(tmp_path, _request(), log).origins})
    assert request.output_partitions == dict.fromkeys(OUTPUTS, 2)


def test_a_place_that_cannot_be_a_directory_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=r"file/flow.json: can't be written: .*--state"):
        _record(tmp_path / "file", _request(), _log())
