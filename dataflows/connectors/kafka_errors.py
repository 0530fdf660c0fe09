"""Errors of Kafka's clients: those that pass, and those that a person has to mend before any retry helps."""

import logging
import time
from collections.abc import Callable
from typing import Final, TypeVar

from confluent_kafka import KafkaError

from dataflows.connectors.base import DeliveryError, InputError, NoAnswerError
from dataflows.connectors.kafka_settings import LARGEST_MESSAGE
from dataflows.errors import UserError
from dataflows.recurring import RecurringLog

_LOG: Final = logging.getLogger(__name__)

_REFUSED_SECONDS: Final = 30.0
"""A broker that goes down in the midst of a handshake looks like one that refuses: so long it has to last."""

_NEW_EPISODE_SECONDS: Final = 20.0
"""Clients try again at least every 10 s: after so long without a refusal the earlier ones had passed."""

_SIZE: Final = (
    f"raise the topic's max.message.bytes to {LARGEST_MESSAGE}, or for still larger records also message.max.bytes in "
    "kafka.librdkafka"
)
_TOPIC_ACCESS: Final = "grant the flow's user Read and Describe on its input topics, and Write too on its output topics"
_LOGIN: Final = (
    "check security.protocol, sasl.mechanism and sasl.username in kafka.librdkafka, and the variable "
    "SEALWAX_KAFKA_SASL_PASSWORD"
)
_GONE: Final = (
    "restore the topic with its records, or make it anew with `sealwax topics create` and name a new state directory "
    "with --state"
)
_RULES: Final = "change the rule of the topic or of the cluster that is against it"

_REMEDIES: Final = {
    KafkaError.MSG_SIZE_TOO_LARGE: _SIZE,
    KafkaError.RECORD_LIST_TOO_LARGE: _SIZE,
    KafkaError.TOPIC_AUTHORIZATION_FAILED: _TOPIC_ACCESS,
    KafkaError.CLUSTER_AUTHORIZATION_FAILED: "grant the flow's user IdempotentWrite on the cluster",
    KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED: (
        "grant the flow's user Write and Describe on its transactional ids, which begin with /sealwax/"
    ),
    KafkaError.SASL_AUTHENTICATION_FAILED: _LOGIN,
    KafkaError.UNSUPPORTED_SASL_MECHANISM: _LOGIN,
    KafkaError.UNKNOWN_TOPIC_OR_PART: _GONE,  # the clients say so only when it has been true for 30 s
    KafkaError._UNKNOWN_TOPIC: _GONE,
    KafkaError._UNKNOWN_PARTITION: _GONE,
    KafkaError.INVALID_RECORD: _RULES,
    KafkaError.POLICY_VIOLATION: _RULES,
}
_REFUSALS: Final = {
    KafkaError._AUTHENTICATION: _LOGIN,
    KafkaError._SSL: "check security.protocol, ssl.ca.location and the certificates in kafka.librdkafka",
}

E = TypeVar("E", InputError, DeliveryError, NoAnswerError)


def failure(what: str, error: KafkaError, passing: type[E], because: str = "") -> UserError | E:
    """What ends the flow: a UserError with the remedy where no retry heals the error, else `passing`."""
    text = f"{what}: {error.str()}{because}"
    remedy = _REMEDIES.get(error.code())
    return passing(f"Kafka: {text}") if remedy is None else _stopped(text, remedy)


def _stopped(text: str, remedy: str) -> UserError:
    return UserError(f"Kafka: {text}: {remedy}, then start again")


class TransportErrors:
    """The errors that a client reports of itself: counted, logged and, where they may pass, survived.

    Pass it as `error_cb`. Fatal errors don't come here: they are raised from the client's poll and flush.
    """

    def __init__(self, whose: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._whose = whose
        self._clock = clock
        self._log = RecurringLog(_LOG, clock=clock)
        self._first_refusal = self._last_refusal = -_NEW_EPISODE_SECONDS
        self._refusal: UserError | None = None
        self.count = 0
        self.last = ""

    def __call__(self, error: KafkaError) -> None:
        self.count += 1
        self.last = error.str()
        self._log.warn(error.name(), f"Kafka {self._whose}: {self.last}")
        self._refusal = self._refusal or self._judge(error)

    def _judge(self, error: KafkaError) -> UserError | None:
        text = f"{self._whose}: {error.str()}"
        if remedy := _REMEDIES.get(error.code()):
            return _stopped(text, remedy)
        if remedy := _REFUSALS.get(error.code()):
            now = self._clock()
            if now - self._last_refusal >= _NEW_EPISODE_SECONDS:
                self._first_refusal = now
            self._last_refusal = now
            if now - self._first_refusal >= _REFUSED_SECONDS:
                return _stopped(text, remedy)
        return None

    def check(self) -> None:
        """Raise UserError where an error was reported that no retry heals."""
        if self._refusal is not None:
            raise self._refusal

    def because(self) -> str:
        """The latest error, to end a sentence with."""
        return f": {self.last}" if self.last else ""
