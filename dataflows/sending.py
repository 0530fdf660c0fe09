"""Records to the flow's input topics, with their keys, as they are: what is wrong with one is the flow's to say."""

from collections.abc import Callable, Iterator

from contracts.codec import InvalidRecordError, decode_control, decode_decision, decode_event, decode_label
from contracts.control import ControlChange, control_key, encode_control
from dataflows.connectors.base import OutputLog, OutputPartition, OutputRecord
from dataflows.connectors.kafka_output import partition_of
from dataflows.connectors.kafka_settings import KafkaSettings
from dataflows.settings import TopicSettings
from dataflows.to_end import records_to_end


class TopicSender:
    """Writes to the partitions of one topic."""

    def __init__(self, log: OutputLog, topic: str) -> None:
        """Raises UserError where the topic is missing."""
        self._partitions: list[OutputPartition] = [log.open(topic, number) for number in range(log.partitions(topic))]

    def send(self, record: OutputRecord, partition: int | None = None) -> None:
        """Append a record to `partition`, or to that of its key. Raises DeliveryError where an earlier one failed."""
        chosen = partition_of(record.key, len(self._partitions)) if partition is None else partition
        self._partitions[chosen % len(self._partitions)].append([record])

    def flush(self) -> None:
        """Wait until all records are durable. Raises DeliveryError if one failed."""
        for partition in self._partitions:
            partition.flush()


def event_record(value: bytes) -> OutputRecord:
    """The record of an event's bytes. Raises InvalidRecordError."""
    event = decode_event(value)
    return OutputRecord(event.event_id, event.user_id.encode(), value, "sealwax.event", event.event_time)


def label_record(value: bytes) -> OutputRecord:
    """The record of a label's bytes. Raises InvalidRecordError."""
    label = decode_label(value)
    identity = f"{label.event_id}/{label.source}"
    return OutputRecord(identity, label.user_id.encode(), value, "sealwax.label", label.label_time)


def decision_record(value: bytes) -> OutputRecord:
    """The record of a decision's bytes. Raises InvalidRecordError."""
    decision = decode_decision(value)
    key = decision.user_id.encode()
    return OutputRecord(decision.decision_id, key, value, "sealwax.decision", decision.decision_time)


def control_record(value: bytes) -> OutputRecord:
    """The record of the bytes of a change of the policy. Raises InvalidRecordError."""
    change = decode_control(value)
    if change is None:
        raise InvalidRecordError("no_change", "tells from where changes count, and changes nothing")
    return change_record(change)


def change_record(change: ControlChange) -> OutputRecord:
    """The record of a change of the policy."""
    value, key = encode_control(change), control_key(change)
    return OutputRecord(change.change_id, key, value, "sealwax.control", change.effective_at)


def record_makers(topics: TopicSettings) -> dict[str, Callable[[bytes], OutputRecord]]:
    """By the input topics, what makes a record of a value there. Each raises InvalidRecordError."""
    return {
        topics.transactions: event_record,
        topics.labels: label_record,
        topics.decisions: decision_record,
        topics.control: control_record,
    }


def send_all(
    url: str, topic: str, make: Callable[[bytes], OutputRecord], log: OutputLog, kafka: KafkaSettings
) -> Iterator[OutputRecord]:
    """Send all that is at a URL to a topic, in its order, and give each record back; durable at the end.

    What `make` refuses goes without a key, for the flow to make a dead letter of it.
    """
    sender = TopicSender(log, topic)
    for _, found in records_to_end(url, topic, kafka):
        try:
            record = make(found.value)
        except InvalidRecordError:
            record = OutputRecord("", b"", found.value, "sealwax.unreadable", 0)
        sender.send(record)
        yield record
    sender.flush()
