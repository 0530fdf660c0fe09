"""How a topic is followed: until its end, until somebody says so, and into partitions that come later."""

from collections.abc import Mapping
from threading import Event
from typing import Any

import pytest

from dataflows.connectors.base import DataLostError, ReadRange
from dataflows.connectors.memory import MemoryInput, MemoryLog
from dataflows.holds import HoldTable, Totals, consume
from tests.holds.actions import opened
from tests.holds.conftest import NewTable

TOPIC = "policy-actions"
VALUES = [opened(order_id=f"o-{number}", event_id=f"e-{number}").value for number in range(1_200)]


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> MemoryLog:
    """A topic of one partition, in place of any source."""
    log = MemoryLog({TOPIC: 1})

    def open_input(urls: Mapping[str, str], read_range: ReadRange, _: Any) -> MemoryInput:
        return MemoryInput(log, list(urls), read_range)

    monkeypatch.setattr("dataflows.holds.consumer.open_input", open_input)
    return log


def test_all_is_read_in_some_transactions_and_told_after_each(log: MemoryLog, new_file: NewTable) -> None:
    for value in VALUES:
        log.append(TOPIC, 0, value)
    told: list[tuple[int, int]] = []
    with HoldTable.open(new_file()) as table:
        totals = consume(
            table, "m", stop_at_end=True, progress=lambda batch, lag: told.append((batch.applied.total(), lag))
        )
        assert (totals.applied, table.count_pending()) == ({"opened": 1_200}, 1_200)
    assert told == [(500, 700), (500, 200), (200, 0)]


def test_it_goes_on_with_what_comes_also_in_new_partitions_until_it_is_stopped(
    log: MemoryLog, new_file: NewTable
) -> None:
    log.append(TOPIC, 0, VALUES[0])
    stop = Event()

    def progress(batch: Totals, _: int) -> None:
        match table.count_pending():
            case 1:
                log.add_partitions(TOPIC, 2)
                log.append(TOPIC, 1, VALUES[1])
            case 2:
                log.append(TOPIC, 0, VALUES[2])
            case _:
                stop.set()

    with HoldTable.open(new_file()) as table:
        assert consume(table, "m", stop=stop, progress=progress).applied == {"opened": 3}


def test_a_gap_is_told_with_what_may_be_done(log: MemoryLog, new_file: NewTable) -> None:
    log.append(TOPIC, 0, VALUES[0])
    with HoldTable.open(new_file()) as table:
        consume(table, "m", stop_at_end=True)
        log.records(TOPIC, 0).clear()
        with pytest.raises(DataLostError, match="`sealwax holds run --from-start` begins anew"):
            consume(table, "m")


def test_another_place_of_the_topic_is_read_from_its_start(log: MemoryLog, new_file: NewTable) -> None:
    log.append(TOPIC, 0, VALUES[0])
    with HoldTable.open(new_file()) as table:
        assert consume(table, "kafka://a:1/", stop_at_end=True).applied.total() == 1
        assert consume(table, "kafka://a:1", stop_at_end=True) == Totals()
        assert consume(table, "kafka://b:1", stop_at_end=True).repeats == 1
