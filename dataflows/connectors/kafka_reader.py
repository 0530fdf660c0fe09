"""What an output reads of its own topics: how many partitions, where they end, and which ids they hold."""

from collections.abc import Iterator
from typing import Final

from confluent_kafka import Consumer, KafkaError, KafkaException
from confluent_kafka import TopicPartition as Place

from dataflows.connectors.base import DataLostError, InputError
from dataflows.connectors.kafka_consumer import new_consumer
from dataflows.connectors.kafka_errors import TransportErrors, failure
from dataflows.connectors.kafka_settings import ANSWER_SECONDS, KafkaSettings
from dataflows.connectors.kafka_topics import partition_count, unanswered

_REQUIRED: Final = {
    "isolation.level": "read_committed",  # as the consumers of fenced delivery; without transactions there is no other
}
_BATCH: Final = 1_000
_WAIT: Final = 0.2
"""Seconds. `consume` waits all of them unless it gets as many messages as it was asked for, or an end of partition."""


class KafkaReader:
    """Reads output topics for their writer, as their consumers see them."""

    def __init__(self, settings: KafkaSettings) -> None:
        """`settings` are librdkafka's. Raises UserError where it refuses them."""
        self._reported = TransportErrors("output reader")
        self._settings = settings
        self._consumer = self._new_consumer()

    def _new_consumer(self) -> Consumer:
        return new_consumer(self._settings, self._reported, _REQUIRED)

    def partitions(self, topic: str) -> int:
        """How many partitions a topic has. Raises UserError where it does not exist or no broker answers."""
        return partition_count(self._consumer, topic, self._reported)

    def bounds(self, topic: str, partition: int) -> tuple[int, int]:
        """The first offset that a partition still has, and the next one that it will give."""
        try:
            return self._consumer.get_watermark_offsets(Place(topic, partition), timeout=ANSWER_SECONDS)
        except KafkaException as error:
            question = f"where {topic}-{partition} begins and ends"
            raise unanswered(self._consumer, question, error, self._reported) from None

    def scan(self, topic: str, partition: int, start: int) -> Iterator[str]:
        """The ids of the records from `start` to the present end; records without one are not ours."""
        low, end = self.bounds(topic, partition)
        if start < low:
            raise DataLostError(
                f"{topic}-{partition} begins at offset {low}, and its writer has to know what it holds from {start}: "
                "its retention deleted what would tell which records were written already"
            )
        if start >= end:
            return
        consumer = self._new_consumer()
        try:
            consumer.assign([Place(topic, partition, start)])
            yield from self._ids(consumer, start, end)
        finally:
            consumer.close()

    def _ids(self, consumer: Consumer, position: int, end: int) -> Iterator[str]:
        while position < end:
            self._reported.check()
            for message in consumer.consume(min(_BATCH, end - position), _WAIT):
                error = message.error()
                offset: int = message.offset()  # type: ignore[assignment]
                if error is not None and error.code() == KafkaError._PARTITION_EOF:
                    position = offset
                elif error is not None:
                    where = f"{message.topic()}-{message.partition()}"
                    raise failure(f"cannot read {where} again", error, InputError)
                elif offset < end:
                    position = offset + 1
                    headers = dict(message.headers() or ())
                    if identity := headers.get("ce_id"):
                        yield identity.decode() if isinstance(identity, bytes) else identity
                else:
                    return

    def close(self) -> None:
        self._consumer.close()
