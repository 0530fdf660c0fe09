"""Errors that pass are survived; those that no retry heals end the flow with what to mend, and are no crash."""

import logging
from collections.abc import Iterator

import pytest
from confluent_kafka import KafkaError

from dataflows.connectors.base import DeliveryError, InputError, InputPartition, NoAnswerError, OutputPartition
from dataflows.connectors.kafka_errors import TransportErrors
from dataflows.connectors.kafka_fenced import FencedKafkaOutput
from dataflows.connectors.kafka_input import KafkaInput
from dataflows.connectors.kafka_output import KafkaOutput
from dataflows.errors import UserError
from tests.connectors.input_conformance import read_until
from tests.connectors.mock_cluster import ADD_PARTITIONS, END_TRANSACTION, FETCH, INIT_PRODUCER_ID, PRODUCE, MockCluster
from tests.connectors.output_conformance import record

REMEDIES = {
    KafkaError.MSG_SIZE_TOO_LARGE: "raise the topic's max.message.bytes to 16777216",
    KafkaError.TOPIC_AUTHORIZATION_FAILED: "grant the flow's user Read and Describe on its input topics",
    KafkaError.CLUSTER_AUTHORIZATION_FAILED: "grant the flow's user IdempotentWrite on the cluster",
    KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED: "grant the flow's user Write and Describe on its transactional",
    KafkaError.SASL_AUTHENTICATION_FAILED: "check security.protocol, .*SEALWAX_KAFKA_SASL_PASSWORD",
    KafkaError.UNKNOWN_TOPIC_OR_PART: "restore the topic with its records",
    KafkaError._UNKNOWN_PARTITION: "restore the topic with its records",
    KafkaError.POLICY_VIOLATION: "change the rule",
    KafkaError.INVALID_RECORD: "change the rule",
}

_MANY = 20
"""Answers to a consumer, which may ask for nothing in some requests."""


@pytest.fixture
def cluster() -> Iterator[MockCluster]:
    with MockCluster("topic") as cluster:
        yield cluster


@pytest.fixture
def output(cluster: MockCluster) -> Iterator[KafkaOutput]:
    output = KafkaOutput({"bootstrap.servers": cluster.bootstrap})
    yield output
    output.close()


def deliver(partition: OutputPartition) -> int:
    partition.append([record(0)])
    return partition.flush()


@pytest.mark.parametrize(
    "code",
    [
        KafkaError.MSG_SIZE_TOO_LARGE,
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.CLUSTER_AUTHORIZATION_FAILED,
        KafkaError.POLICY_VIOLATION,
        KafkaError.INVALID_RECORD,
    ],
)
def test_a_refused_record_is_the_users_to_mend(cluster: MockCluster, output: KafkaOutput, code: int) -> None:
    partition = output.open("topic", 0)
    deliver(partition)
    cluster.answer(PRODUCE, code)
    with pytest.raises(UserError, match=f"Kafka: a record for topic-0 was not delivered: Broker: .*: {REMEDIES[code]}"):
        deliver(partition)
    with pytest.raises(UserError):
        partition.flush()


def test_a_refused_idempotent_producer_is_the_users_to_mend(cluster: MockCluster, output: KafkaOutput) -> None:
    partition = output.open("topic", 0)
    cluster.answer(INIT_PRODUCER_ID, KafkaError.CLUSTER_AUTHORIZATION_FAILED)
    with pytest.raises(UserError, match=r"topic-0 was not delivered: .*: grant the flow's user IdempotentWrite"):
        deliver(partition)


def test_an_error_that_a_new_start_may_heal_is_no_mistake_of_the_users(
    cluster: MockCluster, output: KafkaOutput
) -> None:
    partition = output.open("topic", 0)
    cluster.answer(PRODUCE, KafkaError.OUT_OF_ORDER_SEQUENCE_NUMBER)
    with pytest.raises(DeliveryError, match=r"topic-0 was not delivered: .*sequence"):
        deliver(partition)


def test_what_the_client_retries_is_delivered(cluster: MockCluster, output: KafkaOutput) -> None:
    partition = output.open("topic", 0)
    cluster.answer(PRODUCE, KafkaError.NOT_ENOUGH_REPLICAS, KafkaError.NOT_LEADER_FOR_PARTITION)
    assert deliver(partition) == 1


@pytest.mark.parametrize(
    ("request_kind", "code"),
    [
        (PRODUCE, KafkaError.TOPIC_AUTHORIZATION_FAILED),
        (PRODUCE, KafkaError.MSG_SIZE_TOO_LARGE),
        (ADD_PARTITIONS, KafkaError.TOPIC_AUTHORIZATION_FAILED),
        (END_TRANSACTION, KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED),
    ],
)
def test_a_refused_transaction_is_the_users_to_mend(cluster: MockCluster, request_kind: int, code: int) -> None:
    output = FencedKafkaOutput({"bootstrap.servers": cluster.bootstrap})
    partition = output.open("topic", 0)
    cluster.answer(request_kind, code)
    with pytest.raises(UserError, match=f"Kafka: .* topic-0 .*: {REMEDIES[code]}"):
        partition.append([record(0)])
    output.close()


def test_a_refused_transactional_id_is_the_users_to_mend(cluster: MockCluster) -> None:
    output = FencedKafkaOutput({"bootstrap.servers": cluster.bootstrap})
    code = KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED
    cluster.answer(INIT_PRODUCER_ID, code)
    with pytest.raises(UserError, match=f"transactions of /sealwax/topic/0 were not taken over: .*: {REMEDIES[code]}"):
        output.open("topic", 0)
    output.close()


def reading(cluster: MockCluster, output: KafkaOutput) -> tuple[KafkaInput, InputPartition]:
    """An input that has read one record and waits for more."""
    deliver(output.open("topic", 0))
    settings = {"bootstrap.servers": cluster.bootstrap, "topic.metadata.refresh.interval.ms": 200}
    log = KafkaInput(settings, ["topic"])
    partition = log.open("topic", 0)
    read_until(partition, lambda: partition.position == 1)
    return log, partition


@pytest.mark.parametrize("code", [KafkaError.TOPIC_AUTHORIZATION_FAILED, KafkaError.SASL_AUTHENTICATION_FAILED])
def test_refused_reading_is_the_users_to_mend(cluster: MockCluster, output: KafkaOutput, code: int) -> None:
    log, partition = reading(cluster, output)
    cluster.answer(FETCH, *[code] * _MANY)
    with pytest.raises(UserError, match=f"Kafka: cannot read topic-0: .*: {REMEDIES[code]}"):
        read_until(partition, lambda: False)
    log.close()


def test_reading_that_a_new_start_may_heal_is_no_mistake_of_the_users(
    cluster: MockCluster, output: KafkaOutput
) -> None:
    log, partition = reading(cluster, output)
    cluster.answer(FETCH, *[KafkaError.UNKNOWN] * _MANY)
    with pytest.raises(InputError, match="cannot read topic-0: "):
        read_until(partition, lambda: False)
    log.close()


def test_a_topic_that_may_no_longer_be_seen_is_the_users_to_mend(cluster: MockCluster, output: KafkaOutput) -> None:
    log, partition = reading(cluster, output)
    code = KafkaError.TOPIC_AUTHORIZATION_FAILED
    cluster.describe_topic_as(code)
    with pytest.raises(UserError, match=rf"Kafka: input: topic \[0\]: .*: {REMEDIES[code]}"):
        read_until(partition, lambda: False)
    log.close()


def test_a_partition_that_is_gone_is_the_users_to_mend(cluster: MockCluster) -> None:
    log = KafkaInput({"bootstrap.servers": cluster.bootstrap}, ["topic"])
    code = KafkaError._UNKNOWN_PARTITION
    with pytest.raises(UserError, match=f"Kafka: asked where topic-7 begins and ends: .*: {REMEDIES[code]}"):
        log.open("topic", 7)
    log.close()


def test_a_topic_that_may_not_be_seen_is_the_users_to_mend(cluster: MockCluster) -> None:
    log = KafkaInput({"bootstrap.servers": cluster.bootstrap}, ["topic"])
    code = KafkaError.TOPIC_AUTHORIZATION_FAILED
    cluster.describe_topic_as(code)
    with pytest.raises(UserError, match=f"Kafka: topic 'topic': .*: {REMEDIES[code]}"):
        log.partitions()
    log.close()


def test_a_topic_without_a_leader_may_get_one(cluster: MockCluster) -> None:
    log = KafkaInput({"bootstrap.servers": cluster.bootstrap}, ["topic"])
    cluster.describe_topic_as(KafkaError.LEADER_NOT_AVAILABLE)
    with pytest.raises(NoAnswerError, match=r"Kafka: topic 'topic': .*available"):
        log.partitions()
    log.close()


class Client:
    """Reports errors at times of the test's own."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.errors = TransportErrors("output", clock=lambda: self.now)

    def report(self, code: int, *times: float) -> None:
        for time in times:
            self.now = 1_000.0 + time
            self.errors(KafkaError(code, "as the client says"))


@pytest.mark.parametrize("code", [KafkaError._UNKNOWN_PARTITION, KafkaError.UNKNOWN_TOPIC_OR_PART])
def test_a_topic_that_is_gone_is_the_users_to_mend(code: int) -> None:
    client = Client()
    client.report(code, 0)
    with pytest.raises(UserError, match=f"Kafka: output: as the client says: {REMEDIES[code]}"):
        client.errors.check()


@pytest.mark.parametrize("code", [KafkaError._AUTHENTICATION, KafkaError._SSL])
def test_a_broker_that_keeps_refusing_is_the_users_to_mend(code: int) -> None:
    client = Client()
    client.report(code, 0, 0.1, 10, 20, 29.9)
    client.errors.check()
    client.report(code, 30)
    with pytest.raises(UserError, match=r"Kafka: output: as the client says: check security\.protocol"):
        client.errors.check()


@pytest.mark.parametrize("code", [KafkaError._AUTHENTICATION, KafkaError._SSL])
def test_a_broker_that_goes_down_in_a_handshake_now_and_then_is_survived(code: int) -> None:
    client = Client()
    client.report(code, 0, 0.5, 21, 50, 80, 1_000)
    client.errors.check()
    assert client.errors.count == 6


@pytest.mark.parametrize("code", [KafkaError._TRANSPORT, KafkaError._ALL_BROKERS_DOWN, KafkaError._TIMED_OUT])
def test_brokers_that_are_down_are_waited_for_however_long(code: int, caplog: pytest.LogCaptureFixture) -> None:
    client = Client()
    client.report(code, *range(601))
    client.errors.check()
    assert (client.errors.count, client.errors.last) == (601, "as the client says")
    assert len(caplog.messages) == 11
    assert caplog.messages[0] == "Kafka output: as the client says"
    assert caplog.messages[-1] == "Kafka output: as the client says (60 since this was last told)"
    assert {one.levelno for one in caplog.records} == {logging.WARNING}
