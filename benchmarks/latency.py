"""From a transaction sent to its update received, at half of what the flow can do."""

import json
import sys
import threading
import time
from typing import Final

import numpy as np
from confluent_kafka import Consumer, Producer, TopicPartition
from rich.table import Table

from benchmarks.cluster import PARTITIONS, MockCluster
from benchmarks.events import live_events
from benchmarks.flows import SETTINGS, USERS, from_kafka, state_directory
from benchmarks.machine import machine
from benchmarks.watching import Run, watch
from dataflows.connectors.kafka_output import partition_of

_SHARE: Final = 0.5
"""Of the saturated rate."""
_WARM_SECONDS: Final = 4
_TICK: Final = 0.002
_FETCHING: Final = {"fetch.wait.max.ms": 5}
"""The mock answers a fetch of nothing when this is over, and not when a record comes: half of it is in the figures."""
_IN_UPDATE: Final = b'"event_id":"e'
_DIGITS: Final = 9
_DEFAULTS: Final[dict[str, str]] = {}
"""The features, the policy and the checkpoint that Sealwax comes with."""


def measure(full: bool) -> Table:
    """Without a model, and with the default checkpoint."""
    seconds = 60 if full else 15
    table = Table(
        "", "events/s", "CPU µs an event", "p50 ms", "p90 ms", "p99 ms", "longest", title=f"Latency\n{machine()}"
    )
    for name, count, settings in (("no model", 150_000, SETTINGS), ("the default checkpoint", 20_000, _DEFAULTS)):
        rate = from_kafka(count, settings).rate * _SHARE
        run, waits = _paced(rate, seconds, settings)
        figures = (f"{figure:,.0f}" for figure in (run.cost, *np.percentile(waits, (50, 90, 99)), max(waits)))
        table.add_row(name, f"{rate:,.0f}", *figures)
    return table


def _paced(rate: float, seconds: float, settings: dict[str, str]) -> tuple[Run, list[float]]:
    """A run at a rate, and how long (ms) the update of each event came after it, once the flow was warm."""
    count = int(rate * (_WARM_SECONDS + seconds))
    with MockCluster() as cluster, state_directory() as state:
        probe = _Probe(cluster.bootstrap, count, rate)
        command = [sys.executable, "-m", "dataflows.cli", "run", "--source", cluster.url, "--sink", cluster.url]
        more = {"SEALWAX_STATE__DIRECTORY": str(state), "SEALWAX_KAFKA__LIBRDKAFKA": json.dumps(_FETCHING)}
        run = watch(command, probe.received, settings=settings | more, until=count)
        return run, probe.waits()[int(rate * _WARM_SECONDS) :]


class _Probe:
    """Sends events at a rate in one thread, receives their updates in another, and knows the times of both."""

    def __init__(self, bootstrap: str, count: int, rate: float) -> None:
        self._bootstrap = bootstrap
        self._rate = rate
        self._sent = [0.0] * count
        self._got = [0.0] * count
        self._count = 0
        for work in (self._send, self._receive):
            threading.Thread(target=work, daemon=True).start()

    def received(self) -> int:
        """How many updates have come."""
        return self._count

    def waits(self) -> list[float]:
        """How long (ms) each event's update took."""
        return [(got - sent) * 1e3 for sent, got in zip(self._sent, self._got, strict=True)]

    def _send(self) -> None:
        """The first event alone: when its update has come the flow is up."""
        producer = Producer({"bootstrap.servers": self._bootstrap, "linger.ms": 1, "log_level": 0})
        begin = 0.0
        for number, (key, value) in enumerate(live_events(len(self._sent), USERS)):
            while number and not self._count:
                time.sleep(_TICK)
            begin = begin or (time.perf_counter() if number else 0.0)
            while number and time.perf_counter() < begin + number / self._rate:
                producer.poll(_TICK)
            self._sent[number] = time.perf_counter()
            producer.produce("transactions", value, key, partition_of(key, PARTITIONS))
        producer.flush()

    def _receive(self) -> None:
        settings = {"bootstrap.servers": self._bootstrap, "group.id": "latency", "log_level": 0}
        consumer = Consumer(settings | _FETCHING)
        consumer.assign([TopicPartition("risk-updates", number, 0) for number in range(PARTITIONS)])
        while self._count < len(self._got):
            for message in consumer.consume(1_000, _TICK):
                value = message.value() or b""
                if message.error() is None:
                    begin = value.index(_IN_UPDATE) + len(_IN_UPDATE)
                    self._got[int(value[begin : begin + _DIGITS])] = time.perf_counter()
                    self._count += 1
        consumer.close()
