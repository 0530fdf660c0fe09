"""Questions to a cluster before and beside the flow of records, each with a clear answer or a clear error."""

from typing import Any, Protocol

from confluent_kafka import KafkaError, KafkaException

from dataflows.connectors.base import NoAnswerError
from dataflows.connectors.kafka_errors import TransportErrors, failure
from dataflows.connectors.kafka_settings import ANSWER_SECONDS
from dataflows.errors import UserError


class _Client(Protocol):
    def list_topics(self, topic: str | None = None, timeout: float = -1) -> Any: ...
    def poll(self, timeout: float = -1) -> object: ...


def partition_count(client: _Client, topic: str, errors: TransportErrors) -> int:
    """How many partitions a topic has. Raises UserError where it does not exist or no broker answers."""
    try:
        found = client.list_topics(topic, timeout=ANSWER_SECONDS).topics[topic]
    except KafkaException as error:
        raise unanswered(client, f"how many partitions {topic!r} has", error, errors) from None
    if found.error is None and found.partitions:
        return len(found.partitions)
    if found.error is None or found.error.code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
        raise UserError(f"Kafka has no topic {topic!r}; `sealwax topics create` makes the topics of the settings")
    raise failure(f"topic {topic!r}", found.error, NoAnswerError)


def unanswered(client: _Client, question: str, error: KafkaException, errors: TransportErrors) -> UserError:
    """What to tell the user where the cluster did not say what a start needs to know."""
    client.poll(0)  # serves the callback that fills `errors`
    return failure(f"asked {question}", error.args[0], NoAnswerError, errors.because())
