"""Consumers as we need them: without a group, told where a partition ends, and where an offset is gone."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from confluent_kafka import Consumer

from dataflows.connectors.kafka_errors import TransportErrors
from dataflows.connectors.kafka_settings import KafkaSettings, new_client

_DEFAULTS: Final = {
    "group.id": "sealwax",
    # All prefetched records of a process share one queue. These bound it, and so what a resumed partition fetches anew.
    "queued.min.messages": 10_000,
    "queued.max.messages.kbytes": 16_384,
    "fetch.max.bytes": 8_388_608,
    "receive.message.max.bytes": 1_000_000_000,  # the embedded broker answers with more than was asked for
    # The default of 1 s starves a flow that empties the queue faster.
    "fetch.queue.backoff.ms": 10,
    "socket.keepalive.enable": True,
}
_REQUIRED: Final = {
    "enable.auto.commit": False,
    "enable.auto.offset.store": False,
    "enable.partition.eof": True,
    "auto.offset.reset": "error",
}


def new_consumer(
    settings: KafkaSettings, reported: TransportErrors, required: Mapping[str, Any] = MappingProxyType({})
) -> Consumer:
    """A consumer; `required` is what its user relies on besides. Raises UserError where the settings can't be."""
    return new_client(Consumer, settings, reported, defaults=_DEFAULTS, required={**_REQUIRED, **required})
