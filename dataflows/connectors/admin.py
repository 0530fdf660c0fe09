"""Topics of a cluster: made as the flow needs them, and described."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient, ConfigResource, NewTopic  # type: ignore[attr-defined]

from dataflows.connectors.kafka_errors import TransportErrors
from dataflows.connectors.kafka_settings import ANSWER_SECONDS, LARGEST_MESSAGE, KafkaSettings, new_client
from dataflows.errors import UserError

_COMPACTION_LAG_MS: Final = 24 * 3_600_000
"""A compacted topic keeps every record this long: until then a writer that resumes finds the ids of what it wrote."""

_FRAMING: Final = 65_536
"""Bytes; more than what the protocol adds to a record."""

_BROKERS_CHOICE: Final = -1


@dataclass(frozen=True, slots=True)
class TopicPlan:
    """How a topic is to be made."""

    name: str
    partitions: int
    compacted: bool = False
    """Keep the latest record of each key, instead of all records for the broker's retention time."""
    large_records: bool = False
    """Allow records of LARGEST_MESSAGE bytes."""
    replicas: int = _BROKERS_CHOICE


@dataclass(frozen=True, slots=True)
class TopicDescription:
    """How a topic is."""

    name: str
    partitions: int
    replicas: int
    compacted: bool
    largest_message: int
    """Bytes."""


def create_topics(settings: KafkaSettings, plans: Iterable[TopicPlan]) -> list[str]:
    """Make the topics that do not exist yet, and say which. Those that exist stay as they are.

    Raises UserError where the cluster refuses or does not answer.
    """
    admin, errors = _admin(settings)
    wanted = [_new_topic(plan) for plan in plans]
    created = []
    for name, answer in admin.create_topics(wanted, request_timeout=ANSWER_SECONDS).items():
        try:
            answer.result()
        except KafkaException as error:
            if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise _failed(admin, f"topic {name!r} was not made", error, errors) from None
        else:
            created.append(name)
    return created


def describe_topics(settings: KafkaSettings, names: Iterable[str]) -> list[TopicDescription]:
    """How those of the topics are that exist. Raises UserError where the cluster does not answer."""
    admin, errors = _admin(settings)
    try:
        known = admin.list_topics(timeout=ANSWER_SECONDS).topics
        existing = {name: known[name].partitions for name in names if name in known}
        resources = [ConfigResource(ConfigResource.Type.TOPIC, name) for name in existing]
        answers = admin.describe_configs(resources, request_timeout=ANSWER_SECONDS).values() if resources else ()
        configs = [{name: entry.value for name, entry in answer.result().items()} for answer in answers]
    except KafkaException as error:
        raise _failed(admin, "topics cannot be described", error, errors) from None
    return [
        TopicDescription(
            name,
            len(partitions),
            min(len(partition.replicas) for partition in partitions.values()),
            "compact" in config["cleanup.policy"],
            int(config["max.message.bytes"]),
        )
        for (name, partitions), config in zip(existing.items(), configs, strict=True)
    ]


def _admin(settings: KafkaSettings) -> tuple[AdminClient, TransportErrors]:
    errors = TransportErrors("administration")
    return new_client(AdminClient, settings, errors), errors


def _new_topic(plan: TopicPlan) -> NewTopic:
    config: dict[str, str] = {}
    if plan.compacted:
        config |= {"cleanup.policy": "compact", "min.compaction.lag.ms": str(_COMPACTION_LAG_MS)}
    if plan.large_records:
        config |= {"max.message.bytes": str(LARGEST_MESSAGE + _FRAMING)}
    return NewTopic(plan.name, plan.partitions, plan.replicas, config=config)


def _failed(admin: AdminClient, what: str, error: KafkaException, errors: TransportErrors) -> UserError:
    admin.poll(0)  # serves the callback that fills `errors`
    return UserError(f"Kafka: {what}: {error.args[0].str()}{errors.because()}")
