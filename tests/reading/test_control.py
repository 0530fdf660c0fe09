"""Changes of the policy are judged in one place, before anybody goes on, and for good."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import orjson
import pytest

from contracts.codec import encode_event
from contracts.control import ControlChange, control_key, encode_control
from contracts.events import Event, Position
from dataflows.connectors.base import ReadRange
from dataflows.connectors.memory import MemoryInput, MemoryLog
from dataflows.control_journal import ControlJournal, Verdict
from dataflows.control_reading import ControlReader
from dataflows.reading import PartitionReader, SourceBatch
from operators.settling import ABSENT_INPUT, UNKNOWN
from tests.policy.lives import new_timeline
from tests.policy.test_timeline import OTHER_RULES, RULES
from tests.reading.world import RULES as READING
from tests.reading.world import START, Slots

EVENTS, CONTROL = "transactions", "control"


class Place:
    """A partition of events and one of changes, over a state directory."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.log = MemoryLog({EVENTS: 1, CONTROL: 1})
        self.slots = Slots(2)
        self.open()

    def open(self, control: int = 0, events: tuple[int, int] = (0, UNKNOWN)) -> None:
        """Readers of new processes, from these states."""
        self.journal, other = (ControlJournal(self.directory, new_timeline()) for _ in range(2))
        rules = replace(READING, max_record_bytes=100_000)
        source = MemoryInput(self.log, [CONTROL]).open(CONTROL, 0, control)
        self.control = ControlReader(source, Position(CONTROL, 0, 0), 0, rules, self.slots, self.journal, lambda: 7.0)
        source = MemoryInput(self.log, [EVENTS], ReadRange()).open(EVENTS, 0, events[0])
        self.events = PartitionReader(
            source, Position(EVENTS, 0, 0), 1, "events", rules, self.slots, lambda: 0.0, events[1], other
        )
        self.slots.values = [0, 0]

    def put(self, *times: int) -> None:
        for time in times:
            value = encode_event(Event(f"e{time}", "payment", START + time, "u"))
            self.log.append(EVENTS, 0, value, key=b"u")

    def send(self, change: ControlChange | bytes, key: bytes | None = None) -> None:
        value = change if isinstance(change, bytes) else encode_control(change)
        self.log.append(CONTROL, 0, value, key=control_key(change) if isinstance(change, ControlChange) else key)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def entry(at: int, identity: str = "e") -> ControlChange:
    return ControlChange(identity, "list", "blocked", START + at, "ann", "Why not.", entry="u", member=True)


def policy(at: int, text: str = OTHER_RULES, version: str = RULES) -> ControlChange:
    return ControlChange("p", "policy", version, START + at, "ann", "Why not.", text=text)


def told(batch: SourceBatch) -> list[dict[str, Any]]:
    return [orjson.loads(record.value) for record in batch.changes]


def reasons(batch: SourceBatch) -> list[str]:
    return [orjson.loads(letter.value)["reason"]["code"] for letter in batch.letters]


def test_nobody_goes_on_before_what_is_there_was_read(place: Place) -> None:
    place.put(0)
    for number in range(READING.batch_size + 1):
        place.send(entry(number, f"e{number}"))
    assert not place.events.next_batch().arrivals
    assert len(place.control.next_batch().changes) == READING.batch_size
    assert not place.events.next_batch().arrivals
    batch = place.control.next_batch()
    assert (len(batch.changes), batch.watermark) == (1, ABSENT_INPUT)
    assert len(place.events.next_batch().arrivals) == 1


def test_what_comes_behind_what_was_given_is_too_late(place: Place) -> None:
    place.control.next_batch()
    place.put(0, 1_000, 500)
    place.events.next_batch()
    place.send(entry(1_000, "late"))
    place.send(entry(1_001, "timely"))
    batch = place.control.next_batch()
    assert reasons(batch) == ["too_late"]
    assert [one["changes"] for one in told(batch)] == [["timely"]]


def test_from_where_changes_count_is_told_once(place: Place) -> None:
    place.send(entry(500, "e1"))
    place.send(policy(700))
    place.control.next_batch()
    place.put(0, 800, 100, 900)
    found = told(place.events.next_batch())
    assert [(one["changes"], one["input"]["offset"], one["policy"]) for one in found] == [(["e1", "p"], 1, RULES)]
    place.put(1_000)
    assert told(place.events.next_batch()) == []


def test_verdicts_stand_over_a_crash(place: Place) -> None:
    """The processes die before anything of this is durable; then the changes are read again, and are late by now."""
    place.control.next_batch()
    place.put(0)
    place.events.next_batch()
    place.send(entry(0, "late"))
    place.send(entry(500, "timely"))
    before = place.control.next_batch()
    place.put(1_000)
    place.events.next_batch()
    place.open()
    place.send(entry(900, "after"))
    again = place.control.next_batch()
    assert again.changes == before.changes
    assert reasons(again) == ["too_late", "too_late"]
    assert again.letters[0].id == before.letters[0].id


def test_a_reader_that_goes_on_counts_from_where_it_was(place: Place) -> None:
    place.put(0)
    place.control.next_batch()
    place.events.next_batch()
    state = place.events.state
    (place.directory / "board").unlink()  # as after a crash of the machine
    place.open(0, state)
    place.send(entry(0))
    assert reasons(place.control.next_batch()) == ["too_late"]


@pytest.mark.parametrize(
    ("value", "key", "code"),
    [
        (b"{", b"", "not_json"),
        (b"{}", b"", "invalid_field"),
        (encode_control(entry(5)), b"list/blocked/other", "wrong_key"),
        (encode_control(policy(5, "levels = 3")), b"policy/" + RULES.encode(), "invalid_policy"),
        (encode_control(policy(5, OTHER_RULES + " ")), b"policy/" + RULES.encode(), None),
        (b" " * 200_000, b"", "too_large"),
        (b"", b"list/blocked/u", None),
    ],
)
def test_what_is_bad_becomes_a_dead_letter(place: Place, value: bytes, key: bytes, code: str | None) -> None:
    place.send(value, key)
    batch = place.control.next_batch()
    assert reasons(batch) == ([code] if code else [])
    assert bool(batch.letters or batch.changes) is bool(value)


def test_all_processes_see_it(tmp_path: Path) -> None:
    one, other = (ControlJournal(tmp_path, new_timeline()) for _ in range(2))
    one.judge(lambda passed: [Verdict(0, 3, entry(passed + 5)), Verdict(0, 4, None, "bad", "why")])
    other.catch_up()
    assert other.timeline.changes(0, START + 5) == ["e"]
    assert other.verdicts(0, 4) == {4: Verdict(0, 4, None, "bad", "why")}
    other.go_on(START)
    one.judge(lambda passed: [Verdict(0, 5, entry(passed - START + 1, "next"))])
    other.go_on(START + 1)
    assert other.timeline.changes(START, START + 1) == ["next"]


def test_a_torn_line_is_cut_off(tmp_path: Path) -> None:
    ControlJournal(tmp_path, new_timeline()).judge(lambda _: [Verdict(0, 0, entry(5))])
    with (tmp_path / "journal.jsonl").open("ab") as file:
        file.write(b'{"partition":0,"off')
    journal = ControlJournal(tmp_path, new_timeline())
    journal.judge(lambda _: [Verdict(0, 1, entry(6, "next"))])
    assert ControlJournal(tmp_path, new_timeline()).timeline.changes(0, START + 9) == ["e", "next"]


def test_nobody_goes_on_past_a_change_whose_judge_was_killed(tmp_path: Path) -> None:
    """It had written its verdict, and had not told how long the log is."""
    one, other = (ControlJournal(tmp_path, new_timeline()) for _ in range(2))
    with (tmp_path / "journal.jsonl").open("ab") as file:
        file.write(msgspec.json.encode(Verdict(0, 0, entry(5))) + b"\n")
        file.write(b'{"partition":0,"off')
    other.go_on(START + 9)
    assert other.timeline.changes(0, START + 9) == ["e"]
    one.judge(lambda _: [Verdict(0, 1, entry(20, "next"))])
    other.catch_up()
    assert other.timeline.changes(0, START + 20) == ["e", "next"]


def test_without_a_control_topic_nothing_is_held_up_or_kept(tmp_path: Path) -> None:
    journal = ControlJournal(tmp_path, new_timeline(), kept=False)
    journal.go_on(START)
    journal.judge(lambda passed: [] if passed == 0 else pytest.fail("it was told how far the flow is"))
