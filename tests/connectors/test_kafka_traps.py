"""What only Kafka does: gaps in offsets, lost records, a full buffer, headers, fencing, a broker that is gone."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from dataflows.broker import EmbeddedBroker
from dataflows.connectors import kafka_partition, kafka_topics
from dataflows.connectors.base import AtOffsets, DataLostError, DeliveryError, OutputRecord, ReadRange
from dataflows.connectors.kafka_fenced import FencedKafkaOutput
from dataflows.connectors.kafka_input import KafkaInput
from dataflows.connectors.kafka_output import KafkaOutput, partition_of
from dataflows.errors import UserError
from tests.conftest import MakeTopic
from tests.connectors.conformance import DAY, numbered, read_all, read_until, record, wait_for
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
        feed.put(numbered(*range(3_000)), partition=number)
    log = feed.log(ReadRange(stop_at_end=True))
    held, other = log.open(feed.topic, 0), log.open(feed.topic, 1)
    assert len(read_all(other, most=500)) == 3_000
    assert isinstance(held, kafka_partition.KafkaInputPartition)
    assert held._buffered_bytes < 20_000 + 500 * 300
    assert [one.offset for one in read_all(held, most=7)] == list(range(3_000))
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


def test_a_cluster_that_does_not_answer_is_said_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kafka_topics, "ANSWER_SECONDS", 1.0)
    log = KafkaInput({"bootstrap.servers": "127.0.0.1:1"}, ["topic"])
    with pytest.raises(UserError, match=r"asked Kafka how many partitions 'topic' has.*127.0.0.1:1"):
        log.partitions()
    log.close()


def test_a_topic_that_does_not_exist_is_named_with_the_way_to_make_it(bootstrap: str) -> None:
    output = KafkaOutput({"bootstrap.servers": bootstrap})
    with pytest.raises(UserError, match="no topic 'nowhere'; `sealwax topics create`"):
        output.partitions("nowhere")
    output.close()


def consumed(bootstrap: str, topic: str) -> Any:
    """The first message of a topic's partition 0, as any consumer sees it."""
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "test"})
    consumer.assign([TopicPartition(topic, 0, 0)])
    found: list[Any] = []
    wait_for(lambda: bool(found.append(message) if (message := consumer.poll(0.1)) else found))
    consumer.close()
    return found[0]


def test_a_record_is_a_cloud_event_in_binary_mode(bootstrap: str, make_topic: MakeTopic) -> None:
    topic = make_topic()
    output = KafkaOutput({"bootstrap.servers": bootstrap}, source="/shop/risk")
    partition = output.open(topic, 0)
    partition.append(
        [OutputRecord("id-1", b"user-1", b"{}", "sealwax.risk-update", 1_522_540_831_000, 1_700_000_000_123)]
    )
    partition.flush()
    message = consumed(bootstrap, topic)
    assert (message.key(), message.value()) == (b"user-1", b"{}")
    assert message.headers() == [
        ("ce_specversion", b"1.0"),
        ("ce_id", b"id-1"),
        ("ce_type", b"sealwax.risk-update"),
        ("ce_source", b"/shop/risk"),
        ("ce_time", b"2018-04-01T00:00:31.000Z"),
        ("content-type", b"application/json"),
        ("sealwax_received", b"1700000000123"),
    ]
    output.close()


def test_a_record_without_a_time_of_receipt_says_nothing_of_it(bootstrap: str, make_topic: MakeTopic) -> None:
    topic = make_topic()
    output = KafkaOutput({"bootstrap.servers": bootstrap})
    partition = output.open(topic, 0)
    partition.append([record(0)])
    partition.flush()
    assert "sealwax_received" not in dict(consumed(bootstrap, topic).headers())
    output.close()


def test_keys_go_where_librdkafka_s_consistent_partitioner_puts_them(bootstrap: str, make_topic: MakeTopic) -> None:
    topic = make_topic(5)
    placed: dict[bytes, int] = {}
    producer = Producer({"bootstrap.servers": bootstrap, "partitioner": "consistent"})
    for number in range(50):
        producer.produce(
            topic, b"", b"user-%d" % number, on_delivery=lambda _, sent: placed.update({sent.key(): sent.partition()})
        )
    producer.flush()
    assert len(set(placed.values())) == 5
    assert placed == {key: partition_of(key, 5) for key in placed}


def test_a_record_too_large_for_its_topic_is_an_error_with_the_remedy(bootstrap: str, make_topic: MakeTopic) -> None:
    topic = make_topic()
    output = KafkaOutput({"bootstrap.servers": bootstrap})
    partition = output.open(topic, 0)
    partition.append([OutputRecord("id", b"user", os.urandom(2_000_000), "sealwax.test", DAY)])
    with pytest.raises(DeliveryError, match=f"{topic}-0 was not delivered: .*raise the topic's max.message.bytes"):
        partition.flush()
    with pytest.raises(DeliveryError):
        partition.append([record(0)])
    with pytest.raises(DeliveryError):
        partition.flush()
    output.close()


def test_a_record_too_large_for_the_client_is_an_error(bootstrap: str, make_topic: MakeTopic) -> None:
    topic = make_topic()
    output = KafkaOutput({"bootstrap.servers": bootstrap})
    with pytest.raises(DeliveryError, match="was not delivered"):
        output.open(topic, 0).append([OutputRecord("id", b"user", bytes(17 * 1024 * 1024), "sealwax.test", DAY)])
    output.close()


def test_a_large_dead_letter_arrives(bootstrap: str, make_topic: MakeTopic) -> None:
    topic = make_topic(max_message_bytes=str(17 * 1024 * 1024))
    output = KafkaOutput({"bootstrap.servers": bootstrap})
    value = os.urandom(6_000_000).hex().encode()
    partition = output.open(topic, 0)
    partition.append([OutputRecord("id", b"user", value, "sealwax.dead-letter", DAY)])
    partition.flush()
    log = KafkaInput({"bootstrap.servers": bootstrap}, [topic], ReadRange(stop_at_end=True))
    assert [one.value for one in read_all(log.open(topic, 0))] == [value]
    log.close()
    output.close()


def test_a_full_queue_waits_for_the_broker(bootstrap: str, make_topic: MakeTopic) -> None:
    topic = make_topic()
    output = KafkaOutput({"bootstrap.servers": bootstrap, "queue.buffering.max.messages": 10})
    partition = output.open(topic, 0)
    partition.append([record(number) for number in range(100)])
    assert partition.flush() == 100
    assert list(partition.scan(0)) == [f"id-{number}" for number in range(100)]
    output.close()


def test_records_of_others_have_no_id_of_ours(bootstrap: str, make_topic: MakeTopic) -> None:
    feed = KafkaFeed(bootstrap, make_topic())
    feed.put([b"foreign"])
    output = KafkaOutput({"bootstrap.servers": bootstrap})
    partition = output.open(feed.topic, 0)
    partition.append([record(0)])
    partition.flush()
    assert list(partition.scan(0)) == ["id-0"]
    output.close()


def test_a_fenced_predecessor_can_write_no_more(bootstrap: str, make_topic: MakeTopic) -> None:
    topic = make_topic()
    first, second = (FencedKafkaOutput({"bootstrap.servers": bootstrap}) for _ in range(2))
    old = first.open(topic, 0)
    old.append([record(0)])
    new = second.open(topic, 0)
    with pytest.raises(DeliveryError, match=f"{topic}-0"):
        old.append([record(1)])
    new.append([record(2)])
    assert list(new.scan(0)) == ["id-0", "id-2"]
    first.close()
    second.close()


def test_a_transaction_that_a_dead_predecessor_left_open_is_ended(bootstrap: str, make_topic: MakeTopic) -> None:
    topic = make_topic()
    settings = {"bootstrap.servers": bootstrap}
    dead = Producer({**settings, "transactional.id": f"/sealwax/{topic}/0"})
    dead.init_transactions()
    dead.begin_transaction()
    dead.produce(topic, b"{}", b"user", 0, headers={"ce_id": "id-0"})
    dead.flush()
    output = FencedKafkaOutput(settings)
    partition = output.open(topic, 0)
    partition.append([record(1)])
    assert list(partition.scan(0)) == ["id-1"]
    output.close()
