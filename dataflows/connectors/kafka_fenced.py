"""Fenced delivery to Kafka: each batch is a short transaction, under a transactional id of its output partition.

Opening a partition ends what a predecessor left open there, and nothing that the predecessor still has on the network
can become visible any more. Consumers must read committed.
"""

from collections.abc import Sequence
from typing import Final

from confluent_kafka import KafkaException, Producer
from confluent_kafka import TopicPartition as Place

from dataflows.connectors.base import DeliveryError, OutputRecord
from dataflows.connectors.kafka_errors import failure
from dataflows.connectors.kafka_output import KafkaOutput, KafkaOutputPartition, new_producer
from dataflows.connectors.kafka_settings import ANSWER_SECONDS

_REQUIRED: Final = {"enable.idempotence": True, "acks": "all"}


class FencedKafkaOutput(KafkaOutput):
    """An OutputLog of Kafka topics with a transaction for each batch; its producers are named after `source`."""

    def open(self, topic: str, partition: int) -> "FencedKafkaOutputPartition":
        name = f"{self._source}/{topic}/{partition}"
        producer = new_producer(self._settings, {**_REQUIRED, "transactional.id": name}, self._reported)
        try:
            producer.init_transactions(ANSWER_SECONDS)
        except KafkaException as error:
            raise failure(f"the transactions of {name} were not taken over", error.args[0], DeliveryError) from None
        opened = FencedKafkaOutputPartition(
            producer, self._reader, Place(topic, partition), self._source, self._reported, self._clock
        )
        self._open.append(opened)
        return opened


class FencedKafkaOutputPartition(KafkaOutputPartition):
    """An OutputPartition whose every append is visible and durable, whole, when it returns."""

    def append(self, records: Sequence[OutputRecord]) -> None:
        if not records:
            return
        try:
            self._producer.begin_transaction()
            super().append(records)
            self._commit(self._producer)
        except KafkaException as error:
            raise failure(f"a transaction for {self.name} failed", error.args[0], DeliveryError) from None

    def _commit(self, producer: Producer) -> None:
        while True:
            try:
                producer.commit_transaction(ANSWER_SECONDS)
            except KafkaException as error:
                if not error.args[0].retriable():
                    raise
                self._check()
            else:
                return self._check()
