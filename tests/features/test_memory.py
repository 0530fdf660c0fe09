"""A replay keeps what its windows need, however long its log is."""

import tracemalloc
from collections.abc import Iterator

import pytest

from contracts.events import Event, Label
from dataflows import offline
from operators.features import parse_feature_set
from tests.features.streams import HOUR, START, written

TEXT = written(
    "2s",
    [
        {"entity": "user", "aggregate": "count", "windows": ["1h"]},
        {"entity": "device", "aggregate": "count", "windows": ["1h"]},
        {"entity": "merchant", "aggregate": "rate", "label": "fraud", "windows": ["1h"]},
    ],
)


def events(count: int) -> Iterator[Event]:
    """Of people who come once, with a device of their own, to one merchant."""
    for number in range(count):
        time = START + number * HOUR // 20
        yield Event(f"e{number}", "payment", time, f"u{number}", merchant_id="m", device_id=f"d{number}")


def labels(count: int) -> Iterator[Label]:
    return (Label(one.event_id, one.user_id, "fraud", one.event_time, "") for one in events(count))


def test_a_replays_memory_does_not_grow_with_the_log(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(offline, "_FEW_STATES", 100)
    monkeypatch.setattr(offline, "_CHUNK", 100)
    held = {}
    tracemalloc.start()
    replayed = offline.replay(events(4_000), labels(4_000), parse_feature_set(TEXT, "memory.toml"))
    for number, _ in enumerate(replayed):
        if number in (1_500, 3_900):
            held[number] = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert held[3_900] < 1.5 * held[1_500]
