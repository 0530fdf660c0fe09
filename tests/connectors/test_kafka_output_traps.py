"""What only a Kafka output does: headers, partitions by key, limits of size, a full queue, fencing."""

import os
from typing import Any

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

from dataflows.connectors.base import DeliveryError, OutputRecord, ReadRange
from dataflows.connectors.kafka_fenced import FencedKafkaOutput
from dataflows.connectors.kafka_input import KafkaInput
from dataflows.connectors.kafka_output import KafkaOutput, partition_of
from dataflows.errors import UserError
from tests.conftest import MakeTopic
from tests.connectors.input_conformance import DAY, read_all
from tests.connectors.output_conformance import record
from tests.connectors.test_kafka import KafkaFeed
from tests.processes import wait_until

pytestmark = pytest.mark.kafka


def consumed(bootstrap: str, topic: str) -> Any:
    """The first message of a topic's partition 0, as any consumer sees it."""
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "test"})
    consumer.assign([TopicPartition(topic, 0, 0)])
    found: list[Any] = []

    def poll() -> bool:
        if (message := consumer.poll(0.1)) is not None:
            found.append(message)
        return bool(found)

    wait_until(poll)
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
    with pytest.raises(UserError, match=f"{topic}-0 was not delivered: .*raise the topic's max.message.bytes"):
        partition.flush()
    with pytest.raises(UserError):
        partition.append([record(0)])
    with pytest.raises(UserError):
        partition.flush()
    output.close()


def test_a_record_too_large_for_the_client_is_an_error(bootstrap: str, make_topic: MakeTopic) -> None:
    topic = make_topic()
    output = KafkaOutput({"bootstrap.servers": bootstrap})
    with pytest.raises(UserError, match=r"was not delivered.*message\.max\.bytes in kafka\.librdkafka"):
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


def test_a_topic_that_does_not_exist_is_named_with_the_way_to_make_it(bootstrap: str) -> None:
    output = KafkaOutput({"bootstrap.servers": bootstrap})
    with pytest.raises(UserError, match="no topic 'nowhere'; `sealwax topics create`"):
        output.partitions("nowhere")
    output.close()


def test_closing_a_partition_leaves_the_others_their_records(bootstrap: str, make_topic: MakeTopic) -> None:
    topic = make_topic(2)
    output = KafkaOutput({"bootstrap.servers": bootstrap})
    closed, other = (output.open(topic, number) for number in range(2))
    other.append([record(0)])
    closed.close()
    assert other.flush() == 1
    assert list(other.scan(0)) == ["id-0"]
    output.close()
