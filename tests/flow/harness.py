"""Runs of the whole flow on input of the test's own, and what they have written."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

from confluent_kafka import Consumer, KafkaError, Producer, TopicPartition

from contracts.codec import encode_decision, encode_event, encode_label
from contracts.control import control_key, encode_control
from dataflows.connectors.kafka_output import partition_of
from dataflows.running import flow_job
from dataflows.settings import Settings, TopicSettings
from dataflows.supervisor import RestartPolicy, Supervisor
from dataflows.worker import Job
from tests.flow.stream import Stream

HERE: Final = Path(__file__).parent
FEATURES: Final = HERE / "features.toml"
USERS_RATES = """
[[features]]
name = "user_fraud_rate_{window}"
entity = "user"
aggregate = "rate"
label = "fraud"
windows = ["30m"]
"""
"""Rates of users' labels, to be added to it. A late event's own would be chance."""
POLICY: Final = HERE / "policy.toml"
PARTITIONS: Final = 4
NAMES: Final = ("risk-updates", "user-risk", "policy-actions", "dead-letters", "policy-changes")

NEVER: Final = "365d"
"""For what must not happen by the wall clock in a test: a slow machine would change values."""


class Record(NamedTuple):
    """A record as it lies in an output."""

    partition: int
    id: str
    key: bytes | None
    value: dict[str, Any]


@dataclass(frozen=True)
class Outputs:
    """What a flow has written, each topic's partitions in order."""

    updates: list[Record]
    risks: list[Record]
    actions: list[Record]
    letters: list[Record]
    changes: list[Record]

    def __add__(self, other: "Outputs") -> "Outputs":
        return Outputs(*(mine + theirs for mine, theirs in zip(vars(self).values(), vars(other).values(), strict=True)))


@dataclass(frozen=True)
class Cluster:
    """Topics of a flow on a Kafka cluster."""

    bootstrap: str
    topics: TopicSettings

    @property
    def url(self) -> str:
        return f"kafka://{self.bootstrap}"

    def send(self, topic: str, records: Iterable[tuple[bytes, bytes]]) -> None:
        """Send (key, value), to the partitions that the keys name, and wait until all are there."""
        producer = Producer({"bootstrap.servers": self.bootstrap, "linger.ms": 20, "message.max.bytes": 4_000_000})
        for key, value in records:
            while True:
                try:
                    producer.produce(topic, value, key, partition_of(key, PARTITIONS), on_delivery=_delivered)
                    break
                except BufferError:
                    producer.poll(0.1)
            producer.poll(0)
        assert producer.flush(60) == 0

    def send_stream(self, stream: Stream) -> None:
        self.send(self.topics.transactions, event_records(stream))
        self.send(self.topics.labels, label_records(stream))
        self.send(self.topics.decisions, decision_records(stream))
        self.send(self.topics.control, control_records(stream))

    def outputs(self) -> Outputs:
        return Outputs(
            self.read(self.topics.risk_updates),
            self.read(self.topics.user_risk),
            self.read(self.topics.policy_actions),
            self.read(self.topics.dead_letters),
            self.read(self.topics.policy_changes),
        )

    def read(self, topic: str) -> list[Record]:
        """All records of a topic."""
        consumer = Consumer(
            {
                "bootstrap.servers": self.bootstrap,
                "group.id": "tests",
                "enable.partition.eof": True,
                "enable.auto.commit": False,
                "isolation.level": "read_committed",
                "log_level": 0,
            }
        )
        try:
            consumer.assign([TopicPartition(topic, number, 0) for number in range(PARTITIONS)])
            return list(_until_the_ends(consumer))
        finally:
            consumer.close()


def _delivered(error: KafkaError | None, _: object) -> None:
    assert error is None, error


def _until_the_ends(consumer: Consumer) -> Iterator[Record]:
    ended = 0
    while ended < PARTITIONS:
        for message in consumer.consume(1_000, 0.2):
            if message.error():
                assert message.error().code() == KafkaError._PARTITION_EOF, message.error()
                ended += 1
            else:
                identity = dict(message.headers())["ce_id"].decode()
                yield Record(message.partition(), identity, message.key(), json.loads(message.value()))


def event_records(stream: Stream) -> Iterator[tuple[bytes, bytes]]:
    return ((event.user_id.encode(), encode_event(event)) for event in stream.events)


def label_records(stream: Stream) -> Iterator[tuple[bytes, bytes]]:
    return ((label.user_id.encode(), encode_label(label)) for label in stream.labels)


def decision_records(stream: Stream) -> Iterator[tuple[bytes, bytes]]:
    return ((decision.user_id.encode(), encode_decision(decision)) for decision in stream.decisions)


def control_records(stream: Stream) -> Iterator[tuple[bytes, bytes]]:
    return ((control_key(change), encode_control(change)) for change in stream.changes)


def write_lines(path: Path, records: Iterable[tuple[bytes, bytes]]) -> None:
    path.write_bytes(b"".join(value + b"\n" for _, value in records))


def read_directory(directory: Path) -> Outputs:
    """What a flow has written into files."""
    return Outputs(
        *(
            [Record(0, _identity(value), None, value) for value in map(json.loads, file.read_bytes().splitlines())]
            for file in (directory / f"{name}.jsonl" for name in NAMES)
        )
    )


def _identity(value: dict[str, str]) -> str:
    names = ("update_id", "risk_id", "action_id", "letter_id", "record_id")
    return next(value[name] for name in names if name in value)


def flow_settings(
    directory: Path, bootstrap: str = "", topics: TopicSettings | None = None, **sections: Any
) -> Settings:
    """Settings under which nothing that is decided depends on how fast the machine is; `sections` change some."""
    defaults: dict[str, Any] = {
        "features": FEATURES,
        "policy": POLICY,
        "topics": topics or TopicSettings(),
        "source": {"idle": NEVER},
        "sink": {"quiet": "0ms"},
        "state": {"epoch": "200ms"},
        "scoring": {"checkpoint": "fake", "deadline": NEVER},
        "metrics": {"port": 0},
    }
    if bootstrap:
        defaults["kafka"] = {"bootstrap": bootstrap}
    for name, section in sections.items():
        defaults[name] = defaults.get(name, {}) | section if isinstance(section, dict) else section
    defaults["state"] |= {"directory": directory}
    return Settings(**defaults)


def run_to_end(
    settings: Settings,
    source: str,
    labels: str | None,
    sink: str,
    build: str | None = None,
    decisions: str | None = None,
    control: str | None = None,
) -> None:
    """Run the flow over all that is there now."""
    job = flow_job(settings, source, labels, sink, stop_at_end=True, decisions=decisions, control=control)
    assert supervise(job if build is None else job.model_copy(update={"build": build}), settings.processes) == 0


def supervise(job: Job, processes: int) -> int:
    """Run a job, with no patience for failures."""
    return Supervisor(job, processes, RestartPolicy(first_pause=0.1, attempts=1)).run()


def updates_by_event(outputs: Outputs, without: Sequence[str] = ("input",)) -> dict[str, dict[str, Any]]:
    """The updates' values by event id, less some fields."""
    return _by(outputs.updates, "event_id", without)


def actions_by_id(outputs: Outputs, without: Sequence[str] = ("input",)) -> dict[str, dict[str, Any]]:
    """The actions' values by action id, less some fields."""
    return _by(outputs.actions, "action_id", without)


def risks_by_id(outputs: Outputs, without: Sequence[str] = ("input",)) -> dict[str, dict[str, Any]]:
    """The changes of users' risks by id, less some fields."""
    return _by(outputs.risks, "risk_id", without)


def _by(records: list[Record], name: str, without: Sequence[str]) -> dict[str, dict[str, Any]]:
    found = {record.value[name]: {k: v for k, v in record.value.items() if k not in without} for record in records}
    assert len(found) == len(records), f"a {name} twice"
    return found
