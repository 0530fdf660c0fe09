"""URLs of inputs and outputs."""

from pathlib import Path
from typing import Any

import pytest

from dataflows.connectors import urls
from dataflows.connectors.base import ReadRange
from dataflows.connectors.file_output import FileOutput
from dataflows.connectors.kafka_fenced import FencedKafkaOutput
from dataflows.connectors.kafka_input import KafkaInput
from dataflows.connectors.kafka_output import KafkaOutput
from dataflows.connectors.urls import open_input, open_output
from dataflows.errors import UserError
from tests.conftest import MakeTopic
from tests.connectors.input_conformance import numbered, read_all
from tests.connectors.output_conformance import record
from tests.connectors.test_kafka import KafkaFeed


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("http://host/x", "an input is kafka://host:port, a file"),
        ("kafka://", "a cluster is kafka://host:port"),
        ("kafka://host", "a cluster is kafka://host:port"),
        ("kafka://host:port", "a cluster is kafka://host:port"),
        ("kafka://host:1/topic", "a cluster is kafka://host:port"),
        ("kafka://user:secret@host:1", "a cluster is kafka://host:port"),
        ("kafka://host:1,host", "a cluster is kafka://host:port"),
        ("absent.jsonl", "absent.jsonl: no such file"),
        ("absent", "absent: no such file or directory"),
        (__file__, r"test_urls.py: not one of"),
    ],
)
def test_a_url_that_names_no_input_is_refused(url: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        open_input({"topic": url}, ReadRange(), {})


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("http://host/x", "an output is kafka://host:port or a directory"),
        ("kafka://host", "a cluster is kafka://host:port"),
        ("out.jsonl", "an output is a directory"),
        ("out.parquet", "an output is a directory"),
    ],
)
def test_a_url_that_names_no_output_is_refused(url: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        open_output(url, {})


def test_a_directory_holds_each_topic_under_its_name(tmp_path: Path) -> None:
    (tmp_path / "transactions.jsonl").write_bytes(b"a\nb\n")
    (tmp_path / "labels.jsonl").write_bytes(b"c\n")
    log = open_input(dict.fromkeys(["transactions", "labels"], str(tmp_path)), ReadRange(), {})
    assert log.partitions() == [("labels", 0), ("transactions", 0)]
    assert [one.value for one in read_all(log.open("transactions", 0))] == [b"a", b"b"]
    assert [one.value for one in read_all(log.open("labels", 0))] == [b"c"]
    assert (log.errors, log.last_error, log.grown()) == (0, "", False)
    log.close()


def test_a_directory_without_a_topic_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"this directory has no labels.jsonl"):
        open_input({"labels": str(tmp_path)}, ReadRange(), {})


def test_what_was_written_to_a_directory_is_read_from_it(tmp_path: Path) -> None:
    output = open_output(str(tmp_path / "results"), {})
    assert isinstance(output, FileOutput)
    partition = output.open("risk-updates", 0)
    partition.append([record(0)])
    output.close()
    log = open_input({"risk-updates": str(tmp_path / "results")}, ReadRange(), {})
    assert [one.value for one in read_all(log.open("risk-updates", 0))] == [record(0).value]


def test_the_delivery_chooses_the_output() -> None:
    for delivery, kind in (("plain", KafkaOutput), ("fenced", FencedKafkaOutput)):
        output = open_output("kafka://localhost:9092,127.0.0.1:9093", {}, delivery=delivery)  # type: ignore[arg-type]
        assert type(output) is kind
        output.close()


@pytest.mark.kafka
def test_topics_of_a_cluster_share_a_consumer_beside_files(
    bootstrap: str, make_topic: MakeTopic, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    feeds = [KafkaFeed(bootstrap, make_topic()) for _ in range(2)]
    for number, feed in enumerate(feeds):
        feed.put(numbered(number))
    (tmp_path / "labels.jsonl").write_bytes(b"label\n")
    made = []

    class CountedInput(KafkaInput):
        def __init__(self, *args: Any) -> None:
            made.append(self)
            super().__init__(*args)

    monkeypatch.setattr(urls, "KafkaInput", CountedInput)
    by_topic = {feed.topic: f"kafka://{bootstrap}" for feed in feeds} | {"labels": str(tmp_path / "labels.jsonl")}
    log = open_input(by_topic, ReadRange(stop_at_end=True), {})
    assert len(made) == 1
    values = [one.value for topic, number in log.partitions() for one in read_all(log.open(topic, number))]
    assert sorted(values) == sorted([*numbered(0, 1), b"label"])
    log.close()
