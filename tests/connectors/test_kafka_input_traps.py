"""What only a Kafka input meets: gaps in offsets, deleted records, a full buffer, a broker that is gone."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import KafkaError, Message, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from dataflows.broker import EmbeddedBroker
from dataflows.connectors import kafka_consumer, kafka_partition, kafka_topics
from dataflows.connectors.base import AtOffsets, DataLostError, InputError, InputPartition, ReadRange
from dataflows.connectors.kafka_input import KafkaInput
from dataflows.connectors.kafka_output import KafkaOutput
from dataflows.errors import UserError
from tests.conftest import MakeTopic
from tests.connectors.input_conformance import numbered, read_all, read_until
from tests.connectors.output_conformance import record
from tests.connectors.test_kafka import KafkaFeed

pytestmark = pytest.mark.kafka


def transactions(bootstrap: str, topic: str, *numbers: tuple[int, bool]) -> None:
    """One record in a transaction of its own for each number; committed, or aborted after it reached the log."""
    producer = Producer({"bootstrap.servers": bootstrap, "transactional.id": f"test-{topic}"})
    producer.init_transactions()
    for number, committed in numbers:
        producer.begin_transaction()
        producer.produce(topic, numbered(number)[0], partition=0)
        producer.flush()
        if committed:
            producer.commit_transaction()
        else:
            producer.abort_transaction()


def test_gaps_in_the_offsets_are_passed_over(bootstrap: str, make_topic: MakeTopic) -> None:
    topic = make_topic()
    transactions(bootstrap, topic, (0, True), (1, False), (2, True), (3, False))
    log = KafkaInput({"bootstrap.servers": bootstrap}, [topic], ReadRange(stop_at_end=True))
    partition = log.open(topic, 0)
    records = read_all(partition)
    assert [(one.offset, one.value) for one in records] == [(0, *numbered(0)), (4, *numbered(2))]
    assert partition.position == 8
    assert partition.lag == 0
    assert [one.offset for one in read_all(log.open(topic, 0, 1))] == [4]
    assert read_all(log.open(topic, 0, 5)) == []
    log.close()


@pytest.mark.parametrize(("end", "offsets"), [(1, [0]), (3, [0]), (4, [0]), (5, [0, 4]), (7, [0, 4])])
def test_an_end_within_a_gap_is_an_end(bootstrap: str, make_topic: MakeTopic, end: int, offsets: list[int]) -> None:
    topic = make_topic()
    transactions(bootstrap, topic, (0, True), (1, False), (2, True), (3, False), (4, True))
    log = KafkaInput({"bootstrap.servers": bootstrap}, [topic], ReadRange(end=AtOffsets({(topic, 0): end})))
    assert [one.offset for one in read_all(log.open(topic, 0))] == offsets
    log.close()


def test_a_deleted_value_reads_as_empty(bootstrap: str, make_topic: MakeTopic) -> None:
    feed = KafkaFeed(bootstrap, make_topic(cleanup_policy="compact"))
    feed.put([b"{}", None])
    log = feed.log(ReadRange(stop_at_end=True))
    assert [(one.key, one.value) for one in read_all(log.open(feed.topic, 0))] == [(b"key", b"{}"), (b"key", b"")]
    log.close()


def test_a_full_buffer_pauses_its_partition_and_loses_nothing(
    bootstrap: str, make_topic: MakeTopic, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kafka_partition, "_FULL", 20_000)
    feed = KafkaFeed(bootstrap, make_topic(2))
    for number in range(2):
        feed.put(numbered(*range(1_000)), partition=number)
    log = feed.log(ReadRange(stop_at_end=True))
    held, other = log.open(feed.topic, 0), log.open(feed.topic, 1)
    assert len(read_all(other, most=500)) == 1_000
    assert isinstance(held, kafka_partition.KafkaInputPartition)
    assert held._buffered_bytes < 20_000 + 500 * 300
    assert [one.offset for one in read_all(held, most=7)] == list(range(1_000))
    log.close()


def delete_before(bootstrap: str, topic: str, offset: int) -> None:
    admin = AdminClient({"bootstrap.servers": bootstrap})
    for answer in admin.delete_records([TopicPartition(topic, 0, offset)]).values():
        answer.result()


def test_a_position_before_the_first_record_left_is_refused(bootstrap: str, make_topic: MakeTopic) -> None:
    feed = KafkaFeed(bootstrap, make_topic())
    feed.put(numbered(*range(10)))
    delete_before(bootstrap, feed.topic, 5)
    log = feed.log(ReadRange(stop_at_end=True))
    with pytest.raises(DataLostError, match="from offset 4: it begins at 5"):
        log.open(feed.topic, 0, 4)
    assert [one.offset for one in read_all(log.open(feed.topic, 0))] == [5, 6, 7, 8, 9]
    output = KafkaOutput({"bootstrap.servers": bootstrap})
    with pytest.raises(DataLostError, match="begins at offset 5"):
        list(output.open(feed.topic, 0).scan(4))
    output.close()
    log.close()


def test_records_deleted_under_the_reader_are_an_error(
    bootstrap: str, make_topic: MakeTopic, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kafka_partition, "_FULL", 1_000)
    feed = KafkaFeed(bootstrap, make_topic())
    feed.put(numbered(*range(5_000)))
    log = feed.log(ReadRange())
    partition = log.open(feed.topic, 0)
    read_until(partition, lambda: partition.position > 0, most=20)
    delete_before(bootstrap, feed.topic, 5_000)
    with pytest.raises(DataLostError, match="no longer has offset"):
        read_until(partition, lambda: partition.at_end)
    log.close()


@pytest.fixture
def own_broker(tmp_path: Path) -> Iterator[EmbeddedBroker]:
    """A broker that a test may harm, with a topic named "topic"."""
    with EmbeddedBroker(tmp_path) as broker:
        admin = AdminClient({"bootstrap.servers": broker.bootstrap})
        admin.create_topics([NewTopic("topic", 1)])["topic"].result()
        yield broker
        os.kill(broker.pid, signal.SIGCONT)


def test_an_input_outlives_its_broker(own_broker: EmbeddedBroker) -> None:
    feed = KafkaFeed(own_broker.bootstrap, "topic")
    feed.put(numbered(0))
    log = feed.log(ReadRange())
    partition = log.open("topic", 0)
    read_until(partition, lambda: partition.position == 1)
    os.kill(own_broker.pid, signal.SIGKILL)
    read_until(partition, lambda: log.errors > 0)
    assert log.last_error
    assert partition.read(10) == []
    assert not log.grown()
    log.close()


def test_a_paused_broker_delays_and_loses_nothing(own_broker: EmbeddedBroker) -> None:
    settings = {"bootstrap.servers": own_broker.bootstrap}
    output, log = KafkaOutput(settings), KafkaInput(settings, ["topic"])
    writing, reading = output.open("topic", 0), log.open("topic", 0)
    writing.append([record(0)])
    writing.flush()
    assert (output.unacknowledged, output.waiting_since) == (0, None)
    os.kill(own_broker.pid, signal.SIGSTOP)
    writing.append([record(1)])
    writing.append([record(2)])
    assert output.unacknowledged == 2
    assert output.waiting_since is not None
    reading.read(10)
    os.kill(own_broker.pid, signal.SIGCONT)
    assert writing.flush() == 3
    assert (output.unacknowledged, output.waiting_since) == (0, None)
    read_until(reading, lambda: reading.position == 3)
    log.close()
    output.close()


def test_a_cluster_that_does_not_answer_is_said_to(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(kafka_topics, "ANSWER_SECONDS", 1.0)
    log = KafkaInput({"bootstrap.servers": "127.0.0.1:1"}, ["topic"])
    with pytest.raises(UserError, match=r"Kafka: asked how many partitions 'topic' has.*127.0.0.1:1"):
        log.partitions()
    log.close()
    assert log.errors > len(caplog.messages)  # each kind is told once
    assert all(told.startswith("Kafka input: ") for told in caplog.messages)


class ScriptedConsumer:
    """A consumer that gives errors as librdkafka does, and no records."""

    def __init__(self, settings: dict[str, Any]) -> None:
        self.messages: list[Message] = []

    def get_watermark_offsets(self, *_: object, **__: object) -> tuple[int, int]:
        return 0, 10

    def consume(self, *_: object) -> list[Message]:
        given, self.messages = self.messages, []
        return given

    def incremental_assign(self, _: object) -> None: ...

    def incremental_unassign(self, _: object) -> None: ...

    def close(self) -> None: ...


def reading_with_an_error(
    monkeypatch: pytest.MonkeyPatch, error: KafkaError, topic: str | None = "topic"
) -> tuple[KafkaInput, InputPartition]:
    monkeypatch.setattr(kafka_consumer, "Consumer", ScriptedConsumer)
    log = KafkaInput({"bootstrap.servers": "nowhere:1"}, ["topic"])
    partition = log.open("topic", 0)
    log._consumer.messages = [Message(topic, 0 if topic else -1, 0, error=error)]  # type: ignore[attr-defined]
    return log, partition


@pytest.mark.parametrize(
    "error",
    [
        KafkaError(KafkaError._TRANSPORT),
        KafkaError(KafkaError._ALL_BROKERS_DOWN),
        KafkaError(KafkaError.NOT_LEADER_FOR_PARTITION),
        KafkaError(KafkaError.REQUEST_TIMED_OUT, "later", retriable=True),
    ],
)
def test_an_error_that_passes_is_counted_and_survived(monkeypatch: pytest.MonkeyPatch, error: KafkaError) -> None:
    log, partition = reading_with_an_error(monkeypatch, error)
    assert partition.read(10) == []
    assert (log.errors, log.last_error) == (1, error.str())


def test_an_error_of_the_group_is_no_concern_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    log, partition = reading_with_an_error(monkeypatch, KafkaError(KafkaError.GROUP_AUTHORIZATION_FAILED), topic=None)
    assert partition.read(10) == []
    assert log.errors == 1


def test_an_error_that_stays_ends_the_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    _, partition = reading_with_an_error(monkeypatch, KafkaError(KafkaError.INVALID_MSG, "not as it was written"))
    with pytest.raises(InputError, match="cannot read topic-0: not as it was written"):
        partition.read(10)
