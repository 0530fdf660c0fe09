"""The features in live updates are those that `sealwax features` computes of the same records: to the last digit."""

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.cli.running import Sealwax, runner
from tests.flow.conftest import MakeCluster, MakeDirectory
from tests.flow.harness import (
    FEATURES,
    USERS_RATES,
    Cluster,
    event_records,
    flow_settings,
    label_records,
    run_to_end,
    updates_by_event,
    write_lines,
)
from tests.flow.stream import Stream, make_stream

pytestmark = pytest.mark.kafka

Vectors = dict[str, tuple[dict[str, float | None], list[str]]]
"""Features by event id, and those that are capped."""

_CAP = "max_events = 500\n"
"""The busiest user has nearly twice as many. What a late event finds of the others is chance."""

_MORE = """
[[features]]
name = "user_amount_std_{window}"
entity = "user"
aggregate = "std"
field = "amount"
windows = ["1h"]

[[features]]
name = "merchant_amount_{window}_least"
entity = "merchant"
aggregate = "min"
field = "amount"
windows = ["10m"]
where = { event_type = ["payment"] }

[[features]]
name = "device_amount_{window}_most"
entity = "device"
aggregate = "max"
field = "amount"
windows = ["10m", "1h"]

[[features]]
name = "user_failed_share_{window}"
entity = "user"
aggregate = "share"
windows = ["1h"]
where = { event_type = ["login"], outcome = ["failed"] }

[[features]]
name = "user_same_device_{window}"
entity = "user"
aggregate = "same"
field = "device_id"
windows = ["1h"]
"""


@pytest.fixture
def sealwax(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Sealwax:
    return runner(capsys, monkeypatch)


@pytest.mark.parametrize(
    ("stream", "more"),
    [
        pytest.param(make_stream(9, 2_500), _MORE, id="late-events"),
        pytest.param(make_stream(10, 2_500, late_share=0), _MORE + USERS_RATES, id="users-labels"),
    ],
)
def test_live_features_are_those_of_a_file(
    stream: Stream,
    more: str,
    make_cluster: MakeCluster,
    make_directory: MakeDirectory,
    sealwax: Sealwax,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cluster, place = make_cluster(), make_directory()
    features = place / "features.toml"
    features.write_text(("" if stream.late else _CAP) + FEATURES.read_text() + more)
    cluster.send_stream(stream)
    live = _live(cluster, place, features)
    assert live.keys() == stream.event_ids

    events, labels = place / "events.jsonl", place / "labels.jsonl"
    write_lines(events, event_records(stream))
    write_lines(labels, label_records(stream))
    monkeypatch.setenv("SEALWAX_TOPICS__TRANSACTIONS", cluster.topics.transactions)
    monkeypatch.setenv("SEALWAX_TOPICS__LABELS", cluster.topics.labels)
    assert _of_file(sealwax, features, str(events), str(labels), place / "files.parquet") == live
    assert _of_file(sealwax, features, cluster.url, cluster.url, place / "topics.parquet") == live

    rates = [name for name in live["e0"][0] if "fraud" in name]
    assert all(sum((vector[name] or 0) > 0 for vector, _ in live.values()) > 100 for name in rates)
    assert stream.late or sum("user_count_1h" in capped for _, capped in live.values()) > 100


def _live(cluster: Cluster, place: Path, features: Path) -> Vectors:
    settings = flow_settings(
        place / "state", cluster.bootstrap, cluster.topics, features=features, processes=2, sink={"features": True}
    )
    run_to_end(settings, cluster.url, cluster.url, cluster.url)
    updates = updates_by_event(cluster.outputs())
    return {event_id: (update["features"], update.get("capped", [])) for event_id, update in updates.items()}


def _of_file(sealwax: Sealwax, features: Path, events: str, labels: str, output: Path) -> Vectors:
    read = ("--features", features, "--events", events, "--labels", labels)
    assert sealwax("features", *read, "--output", output).status == 0
    table = pq.read_table(output)
    vectors = table.drop_columns(["event_id", "event_time", "user_id", "capped"]).to_pylist()
    capped = table["capped"].to_pylist()
    found = dict(zip(table["event_id"].to_pylist(), zip(vectors, capped, strict=True), strict=True))
    assert len(found) == len(table)
    return found
