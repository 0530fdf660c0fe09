"""Where a shop is told to: files, topics, and the pace."""

from collections import defaultdict

import pytest

from contracts.codec import decode_event, decode_label
from contracts.events import Event, Label
from dataflows.connectors.memory import MemoryLog, MemoryOutput
from dataflows.errors import UserError
from dataflows.simulator.outlets import MOST_AT_ONCE, TopicOutlet, paced

from .conftest import Month


def test_topics_keep_each_user_in_one_partition_and_in_order(month: Month) -> None:
    log = MemoryLog({"transactions": 4, "labels": 2})
    outlet = TopicOutlet(MemoryOutput(log), "transactions", "labels")
    told = month.told[:5_000]
    for start in range(0, len(told), 700):
        outlet.tell(told[start : start + 700])
    outlet.flush()

    written = [log.records("transactions", partition) for partition in range(4)]
    assert all(written)
    partitions: defaultdict[str, set[int]] = defaultdict(set)
    events: list[Event] = []
    for partition, records in enumerate(written):
        decoded = [decode_event(record.value) for record in records]
        assert [event.event_time for event in decoded] == sorted(event.event_time for event in decoded)
        for record, event in zip(records, decoded, strict=True):
            assert (record.key, record.id) == (event.user_id.encode(), event.event_id)
            partitions[event.user_id].add(partition)
        events += decoded
    assert all(len(found) == 1 for found in partitions.values())
    expected = [entry.event for entry in told if not isinstance(entry, Label)]
    assert sorted(events, key=lambda event: event.event_id) == sorted(expected, key=lambda event: event.event_id)

    labels = [decode_label(record.value) for partition in range(2) for record in log.records("labels", partition)]
    assert len(labels) == len(told) - len(expected) > 0


def test_a_topic_that_is_missing() -> None:
    with pytest.raises(UserError, match="labels"):
        TopicOutlet(MemoryOutput(MemoryLog({"transactions": 1})), "transactions", "labels")


def test_the_pace_follows_the_clock() -> None:
    now = 100.0
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        nonlocal now
        slept.append(seconds)
        now += seconds

    begun, given = now, 0
    for batch in paced(iter(range(2_000)), 500, lambda: now, sleep):
        given += len(batch)
        assert given <= (now - begun) * 500
    assert given == 2_000
    assert sum(slept) == pytest.approx(2_000 / 500, abs=0.05)


def test_without_a_rate_nothing_waits() -> None:
    batches = list(paced(iter(range(2_500))))
    assert [len(batch) for batch in batches] == [MOST_AT_ONCE, MOST_AT_ONCE, 500]
    assert [item for batch in batches for item in batch] == list(range(2_500))
