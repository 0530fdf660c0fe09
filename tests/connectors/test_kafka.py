"""Kafka topics behave as any other log, against a real broker."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewPartitions

from dataflows.connectors.base import InputLog, OutputLog, ReadRange
from dataflows.connectors.kafka_fenced import FencedKafkaOutput
from dataflows.connectors.kafka_input import KafkaInput
from dataflows.connectors.kafka_output import KafkaOutput
from tests.conftest import MakeTopic
from tests.connectors.input_conformance import DAY, InputConformance, LiveInputConformance, read_all
from tests.connectors.output_conformance import OutputConformance

pytestmark = pytest.mark.kafka


class KafkaFeed:
    """A topic filled by a plain producer."""

    def __init__(self, bootstrap: str, topic: str) -> None:
        self.topic = topic
        self._settings = {"bootstrap.servers": bootstrap}
        self._producer = Producer({**self._settings, "message.max.bytes": 8_000_000})
        self._seconds = 0.0

    def put(self, values: Sequence[bytes | None], *, partition: int = 0, time: int = DAY) -> None:
        failures: list[Any] = []
        for number, value in enumerate(values):
            self._producer.produce(
                self.topic,
                value,
                b"key",
                partition,
                timestamp=time + number,
                on_delivery=lambda error, _: failures.append(error) if error else None,
            )
        self._producer.flush()
        assert not failures

    def log(self, read_range: ReadRange) -> InputLog:
        return KafkaInput(self._settings, [self.topic], read_range, clock=self._clock)

    def _clock(self) -> float:
        self._seconds += 10.0
        return self._seconds

    def grow(self, partitions: int) -> None:
        admin = AdminClient(self._settings)
        admin.create_partitions([NewPartitions(self.topic, partitions)])[self.topic].result()


class TestKafkaInput(InputConformance, LiveInputConformance):
    @pytest.fixture
    def feed(self, bootstrap: str, make_topic: MakeTopic) -> KafkaFeed:
        return KafkaFeed(bootstrap, make_topic())

    @pytest.fixture
    def live_feed(self, bootstrap: str, make_topic: MakeTopic) -> KafkaFeed:
        return KafkaFeed(bootstrap, make_topic(2))


class KafkaOutputConformance(OutputConformance):
    @pytest.fixture
    def topic(self, make_topic: MakeTopic) -> str:
        return make_topic()

    @pytest.fixture
    def written(self, bootstrap: str, topic: str) -> Callable[[], list[bytes]]:
        def read() -> list[bytes]:
            log = KafkaInput({"bootstrap.servers": bootstrap}, [topic], ReadRange(stop_at_end=True))
            values = [record.value for record in read_all(log.open(topic, 0))]
            log.close()
            return values

        return read


class TestKafkaOutput(KafkaOutputConformance):
    @pytest.fixture
    def output(self, bootstrap: str) -> Iterator[OutputLog]:
        output = KafkaOutput({"bootstrap.servers": bootstrap})
        yield output
        output.close()


class TestFencedKafkaOutput(KafkaOutputConformance):
    @pytest.fixture
    def output(self, bootstrap: str) -> Iterator[OutputLog]:
        output = FencedKafkaOutput({"bootstrap.servers": bootstrap})
        yield output
        output.close()
