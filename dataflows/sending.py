"""Records from files to the flow's input topics, as they are: what is wrong with one is the flow's to say."""

from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import islice

from contracts.codec import InvalidRecordError, decode_event, decode_label
from contracts.events import Event, Label
from dataflows.connectors.base import OutputRecord
from dataflows.connectors.kafka_output import partition_of
from dataflows.connectors.urls import open_output
from dataflows.logs import read_records
from dataflows.settings import Settings

_AT_ONCE = 1_000


def send_events(source: str, bootstrap: str, settings: Settings, on_sent: Callable[[int], None]) -> int:
    """Send a file of events to the transactions' topic, keyed by user; how many. Raises UserError."""
    return _send(source, bootstrap, settings.topics.transactions, settings, _event_record, on_sent)


def send_labels(source: str, bootstrap: str, settings: Settings, on_sent: Callable[[int], None]) -> int:
    """Send a file of labels to the labels' topic, keyed by user; how many. Raises UserError."""
    return _send(source, bootstrap, settings.topics.labels, settings, _label_record, on_sent)


def _send(
    source: str, bootstrap: str, topic: str, settings: Settings,
    record: Callable[[bytes], OutputRecord], on_sent: Callable[[int], None],
) -> int:  # fmt: skip
    kafka, sent = settings.kafka.client(), 0
    with closing(open_output(f"kafka://{bootstrap}", kafka)) as output:
        partitions = [output.open(topic, number) for number in range(output.partitions(topic))]
        for batch in _batches(record(value) for value in read_records(source, topic, kafka)):
            for one in batch:
                partitions[partition_of(one.key, len(partitions))].append([one])
            sent += len(batch)
            on_sent(sent)
        for partition in partitions:
            partition.flush()
    return sent


def _batches(records: Iterator[OutputRecord]) -> Iterator[list[OutputRecord]]:
    while batch := list(islice(records, _AT_ONCE)):
        yield batch


def _event_record(value: bytes) -> OutputRecord:
    event: Event | None = _decoded(decode_event, value)
    if event is None:
        return OutputRecord("", b"", value, "sealwax.event", 0)
    return OutputRecord(event.event_id, event.user_id.encode(), value, "sealwax.event", event.event_time)


def _label_record(value: bytes) -> OutputRecord:
    label: Label | None = _decoded(decode_label, value)
    if label is None:
        return OutputRecord("", b"", value, "sealwax.label", 0)
    identity = f"{label.event_id}/{label.source}"
    return OutputRecord(identity, label.user_id.encode(), value, "sealwax.label", label.label_time)
