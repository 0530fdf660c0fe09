"""A Kafka cluster in a process of its own that costs next to nothing: librdkafka's mock."""

import subprocess
import sys
from collections.abc import Iterable
from types import TracebackType
from typing import Self

from confluent_kafka import Consumer, Producer, TopicPartition

from dataflows.connectors.kafka_output import partition_of

PARTITIONS = 4
"""Of each topic: the mock's default."""
TOPICS = (
    "transactions", "labels", "decisions", "control", "risk-updates", "user-risk", "policy-actions", "policy-changes",
    "dead-letters",
)  # fmt: skip
_PRODUCER = {"compression.type": "zstd", "compression.level": 9, "linger.ms": 200, "batch.num.messages": 2_000}
_MOCK = """
import sys
from confluent_kafka import Producer
producer = Producer({"bootstrap.servers": "none", "test.mock.num.brokers": 1, "log_level": 0})
broker = producer.list_topics(timeout=10).brokers[1]
print(f"{broker.host}:{broker.port}", flush=True)
sys.stdin.read()
"""


class MockCluster:
    """A context manager inside which the cluster runs. It keeps 5 MiB of compressed records of each partition."""

    def __enter__(self) -> Self:
        command = [sys.executable, "-c", _MOCK]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout
        self.bootstrap = self._process.stdout.readline().strip()
        self._producer = Producer({"bootstrap.servers": self.bootstrap, "log_level": 0} | _PRODUCER)
        for topic in TOPICS:
            self._producer.list_topics(topic, timeout=10)
        self._consumer = Consumer({"bootstrap.servers": self.bootstrap, "group.id": "benchmark", "log_level": 0})
        return self

    @property
    def url(self) -> str:
        """The cluster as a source or a sink."""
        return f"kafka://{self.bootstrap}"

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.communicate()

    def fill(self, records: Iterable[tuple[bytes, bytes]]) -> None:
        """Write (key, value) to the partitions of `transactions`. They must all fit."""
        for key, value in records:
            self.send(key, value)
        self.flush()
        assert not any(self._bounds("transactions", number)[0] for number in range(PARTITIONS)), "too much for the mock"

    def send(self, key: bytes, value: bytes) -> None:
        """Write one record to its partition of `transactions`."""
        while True:
            try:
                self._producer.produce("transactions", value, key, partition_of(key, PARTITIONS))
            except BufferError:
                self._producer.poll(0.1)
            else:
                self._producer.poll(0)
                return

    def flush(self) -> None:
        """Wait until everything that was sent is there."""
        self._producer.flush()

    def written(self, topic: str = "risk-updates") -> int:
        """How many records a topic was given so far."""
        return sum(self._bounds(topic, number)[1] for number in range(PARTITIONS))

    def _bounds(self, topic: str, number: int) -> tuple[int, int]:
        return self._consumer.get_watermark_offsets(TopicPartition(topic, number), timeout=10)
