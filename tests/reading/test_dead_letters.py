"""What can't become an event becomes a dead letter: once, in its place, whole, and with the reason."""

from base64 import b64decode
from dataclasses import replace

import orjson
import pytest

from contracts.codec import encode_event
from contracts.decisions import letter_id
from contracts.events import Event, Position
from dataflows.connectors.base import OutputRecord
from dataflows.reading import SourceBatch
from tests.reading.world import EVENTS, LABELS, RULES, START, World, times


def event(time: int) -> bytes:
    return encode_event(Event("e", "payment", START + time, "u"))


RECORD_TIME = START + 1_000
AHEAD = RULES.max_ahead + 1_000
CASES = [
    (b'{"event_id": ', None, "not_json", "the value is not valid JSON"),
    (b"", None, "not_json", "the value is not valid JSON"),
    (b"\xff\xfe", None, "not_json", "the value is not valid JSON"),
    (b"[1]", None, "not_an_object", "must be a JSON object"),
    (event(0).replace(b"payment", b"paymnt"), None, "invalid_field", "event_type: "),
    (b" " * (RULES.max_record_bytes + 1), None, "too_large", "1001 bytes: at most 1000 are allowed"),
    (event(AHEAD + 1), RECORD_TIME, "impossible_time", "event_time: lies 60 s after the record's own timestamp"),
]
GOOD = [(event(AHEAD), RECORD_TIME), (event(AHEAD), None), (event(0) + b" " * (1_000 - len(event(0))), None)]


def read_one(value: bytes, timestamp: int | None, number: int = 0) -> SourceBatch:
    world = World(1)
    world.put_bytes(number, value, b"key", timestamp)
    world.open()
    world.read(1 - number)
    return world.read(number)


@pytest.mark.parametrize(("value", "timestamp", "code", "text"), CASES)
def test_a_bad_record_is_kept_whole_with_its_reason(value: bytes, timestamp: int | None, code: str, text: str) -> None:
    batch = read_one(value, timestamp)
    (letter,) = batch.letters
    content = orjson.loads(letter.value)
    assert (letter.id, letter.key, letter.time) == (letter_id(Position(EVENTS, 0, 0)), b"key", timestamp or 0)
    assert content["letter_id"] == letter.id
    assert content["input"] == {"topic": EVENTS, "partition": 0, "offset": 0}
    assert b64decode(content["bytes"]) == value
    assert content["reason"]["code"] == code
    assert text in content["reason"]["text"]
    assert not batch.arrivals


@pytest.mark.parametrize(("value", "timestamp"), GOOD)
def test_what_just_fits_is_an_event(value: bytes, timestamp: int | None) -> None:
    batch = read_one(value, timestamp)
    assert (len(batch.arrivals), batch.letters) == (1, [])


def test_a_bad_label_names_its_topic() -> None:
    (letter,) = read_one(event(0), None, number=1).letters
    assert orjson.loads(letter.value)["input"] == {"topic": LABELS, "partition": 0, "offset": 0}
    assert "label: " in orjson.loads(letter.value)["reason"]["text"]


def test_bad_records_come_in_their_place_and_hold_nobody() -> None:
    world = World(1, replace(RULES, batch_size=1))
    for number in range(9):
        world.put_bytes(0, b"bad") if number % 3 else world.put(0, number * 1_000)
    world.open()
    world.read(1)
    batches = [world.read(0) for _ in range(9)]
    assert [(times(batch), offsets(batch.letters)) for batch in batches] == [
        ([], [number]) if number % 3 else ([number * 1_000], []) for number in range(9)
    ]
    assert not world.read(0).letters


def offsets(letters: list[OutputRecord]) -> list[int]:
    return [orjson.loads(letter.value)["input"]["offset"] for letter in letters]


def test_a_partition_of_bad_records_lets_the_others_go_on() -> None:
    world = World(2)
    world.put(0, 0, 1_000, 100_000)
    for _ in range(20):
        world.put_bytes(1, b"bad")
    world.open()
    came: list[int] = []
    for _ in range(8):
        for number in range(3):
            came += times(world.read(number))
    assert came == [0, 1_000, 100_000]


def test_wrong_keys_are_counted_where_their_events_are_given() -> None:
    world = World(2)
    world.put(0, 0, 90_000, key=None)
    world.put(0, 90_001, key=b"other")
    world.put(0, 90_002, key=b"u")
    world.put(1, *range(9))
    world.open()
    counts = []
    for _ in range(8):
        batches = [world.read(number) for number in range(3)]
        counts.append((times(batches[0]), batches[0].wrong_key))
    assert [one for one in counts if one[0]] == [([0], 1), ([90_000, 90_001, 90_002], 2)]
    assert sum(count for _, count in counts) == 3
