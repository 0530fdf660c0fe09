"""Kafka topics as an output: one idempotent producer of a process; every delivery's offset or error is kept."""

import time
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from confluent_kafka import KafkaError, KafkaException, Message, Producer
from confluent_kafka import TopicPartition as Place

from contracts.times import format_time
from dataflows.connectors.base import DeliveryError, OutputRecord
from dataflows.connectors.kafka_errors import TransportErrors, failure
from dataflows.connectors.kafka_reader import KafkaReader
from dataflows.connectors.kafka_settings import LARGEST_MESSAGE, KafkaSettings, new_client
from dataflows.errors import UserError

_DEFAULTS: Final = {
    "compression.type": "lz4",
    "linger.ms": 5,
    "message.max.bytes": LARGEST_MESSAGE,
    "queue.buffering.max.messages": 100_000,
    "queue.buffering.max.kbytes": 65_536,
    "socket.keepalive.enable": True,
}
_REQUIRED: Final = {
    "enable.idempotence": True,
    "acks": "all",
    "message.timeout.ms": 0,  # for ever: a record that is late is still delivered, one that is given up is lost
}

_WAIT: Final = 0.2
"""Seconds between looks at what has gone wrong, while the producer's queue is full or being flushed."""


def partition_of(key: bytes, count: int) -> int:
    """The partition of a key among `count`: CRC-32 as in librdkafka's `consistent` partitioner, the same for ever."""
    return zlib.crc32(key) % count


def cloud_event_headers(record: OutputRecord, source: str) -> list[tuple[str, str | bytes | None]]:
    """CloudEvents 1.0, Kafka protocol binding, binary content mode; and when the input was received."""
    headers: list[tuple[str, str | bytes | None]] = [
        ("ce_specversion", b"1.0"),
        ("ce_id", record.id),
        ("ce_type", record.type),
        ("ce_source", source),
        ("ce_time", format_time(record.time)),
        ("content-type", b"application/json"),
    ]
    if record.received is not None:
        headers.append(("sealwax_received", str(record.received)))
    return headers


def new_producer(settings: KafkaSettings, required: Mapping[str, Any], reported: TransportErrors) -> Producer:
    """A producer of ours. Raises UserError where librdkafka refuses the settings."""
    return new_client(Producer, settings, reported, defaults=_DEFAULTS, required=required)


class KafkaOutput:
    """An OutputLog of Kafka topics."""

    def __init__(
        self, settings: KafkaSettings, *, source: str = "/sealwax", clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`settings` are librdkafka's, `source` is the CloudEvents source. Raises UserError for refused settings."""
        self._source = source
        self._clock = clock
        self._reported = TransportErrors("output")
        self._open: list[KafkaOutputPartition] = []
        self._settings = settings
        self._reader = KafkaReader(settings)
        self._producer: Producer | None = None

    @property
    def errors(self) -> int:
        """How many errors of the transport were reported, and survived, so far."""
        return self._reported.count

    @property
    def last_error(self) -> str:
        """The latest of them, or empty."""
        return self._reported.last

    @property
    def unacknowledged(self) -> int:
        """Records appended and not yet known to be durable. Any thread may ask."""
        return sum(partition.unacknowledged for partition in self._open)

    @property
    def waiting_since(self) -> float | None:
        """No unacknowledged record has waited since before this time of `clock`; None where none waits."""
        return min((since for one in self._open if (since := one.waiting_since) is not None), default=None)

    def partitions(self, topic: str) -> int:
        return self._reader.partitions(topic)

    def end(self, topic: str, partition: int) -> int:
        return self._reader.bounds(topic, partition)[1]

    def open(self, topic: str, partition: int) -> "KafkaOutputPartition":
        if self._producer is None:
            self._producer = new_producer(self._settings, _REQUIRED, self._reported)
        opened = KafkaOutputPartition(
            self._producer, self._reader, Place(topic, partition), self._source, self._reported, self._clock
        )
        self._open.append(opened)
        return opened

    def close(self) -> None:
        if self._producer is not None:
            self._producer.purge()
            self._producer.poll(0)
        self._reader.close()


class KafkaOutputPartition:
    """An OutputPartition of a Kafka topic."""

    def __init__(
        self,
        producer: Producer,
        reader: KafkaReader,
        place: Place,
        source: str,
        reported: TransportErrors,
        clock: Callable[[], float],
    ) -> None:
        self._producer = producer
        self._reader = reader
        self._topic = place.topic
        self._partition = place.partition
        self.name = f"{place.topic}-{place.partition}"
        self._source = source
        self._reported = reported
        self._clock = clock
        self._appended = 0
        self._acknowledged = 0
        self._failure: UserError | DeliveryError | None = None
        self._next = self.end()
        self.waiting_since: float | None = None
        """No unacknowledged record has waited since before this time of the clock; None where none waits."""

    @property
    def unacknowledged(self) -> int:
        """Records appended and not yet known to be durable."""
        return self._appended - self._acknowledged

    def append(self, records: Sequence[OutputRecord]) -> None:
        if records and self.waiting_since is None:
            self.waiting_since = self._clock()
        for record in records:
            self._send(record)
        self._serve(self._producer.poll, 0)

    def _send(self, record: OutputRecord) -> None:
        headers = cloud_event_headers(record, self._source)
        while True:
            try:
                self._producer.produce(
                    self._topic,
                    record.value,
                    record.key,
                    self._partition,
                    on_delivery=self._on_delivery,
                    headers=headers,
                )
            except BufferError:  # the queue is full: the flow waits for the broker
                self._serve(self._producer.poll, _WAIT)
            except KafkaException as error:
                raise self._failed(error) from None
            else:
                self._appended += 1
                return

    def _on_delivery(self, error: KafkaError | None, message: Message) -> None:
        self._acknowledged += 1
        if self._acknowledged == self._appended:
            self.waiting_since = None
        if error is None:
            self._next = max(self._next, message.offset() + 1)  # type: ignore[operator]
        elif self._failure is None:
            self._failure = self._failed(KafkaException(error))

    def _failed(self, error: KafkaException) -> UserError | DeliveryError:
        return failure(f"a record for {self.name} was not delivered", error.args[0], DeliveryError)

    def _serve(self, serve: Callable[[float], int], seconds: float) -> int:
        """Let the producer tell what became of the records. Its fatal errors are raised here."""
        try:
            left = serve(seconds)
        except KafkaException as error:
            raise self._failed(error) from None
        self._check()
        return left

    def _check(self) -> None:
        if self._failure is not None:
            raise self._failure
        self._reported.check()

    def flush(self) -> int:
        while self._serve(self._producer.flush, _WAIT):
            continue
        return self._next

    def end(self) -> int:
        return self._reader.bounds(self._topic, self._partition)[1]

    def scan(self, start: int) -> Iterator[str]:
        return self._reader.scan(self._topic, self._partition, start)

    def close(self) -> None:
        """Nothing to do: the producer is shared, and other partitions may still have records on their way."""
