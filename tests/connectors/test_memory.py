"""The log in memory behaves as any other."""

from collections.abc import Callable, Sequence

import pytest

from dataflows.connectors.base import ReadRange
from dataflows.connectors.memory import MemoryInput, MemoryLog, MemoryOutput
from tests.connectors.input_conformance import DAY, InputConformance, LiveInputConformance
from tests.connectors.output_conformance import OutputConformance


class MemoryFeed:
    topic = "topic"

    def __init__(self, partitions: int) -> None:
        self._log = MemoryLog({self.topic: partitions})

    def put(self, values: Sequence[bytes], *, partition: int = 0, time: int = DAY) -> None:
        for number, value in enumerate(values):
            self._log.append(self.topic, partition, value, timestamp=time + number)

    def log(self, read_range: ReadRange) -> MemoryInput:
        return MemoryInput(self._log, [self.topic], read_range)

    def grow(self, partitions: int) -> None:
        self._log.add_partitions(self.topic, partitions)


class TestMemoryInput(InputConformance, LiveInputConformance):
    @pytest.fixture
    def feed(self) -> MemoryFeed:
        return MemoryFeed(1)

    @pytest.fixture
    def live_feed(self) -> MemoryFeed:
        return MemoryFeed(2)


class TestMemoryOutput(OutputConformance):
    @pytest.fixture
    def store(self) -> MemoryLog:
        return MemoryLog({"topic": 1})

    @pytest.fixture
    def topic(self) -> str:
        return "topic"

    @pytest.fixture
    def output(self, store: MemoryLog) -> MemoryOutput:
        return MemoryOutput(store)

    @pytest.fixture
    def written(self, store: MemoryLog) -> Callable[[], list[bytes]]:
        return lambda: [record.value for record in store.records("topic", 0)]
