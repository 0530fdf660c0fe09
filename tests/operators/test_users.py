"""A user's step: duplicates, late events, labels, and what its bytes keep."""

from collections.abc import Sequence
from random import Random
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.events import Event, Label
from contracts.keys import fingerprint
from operators import ring
from operators.features import FeatureSet, parse_feature_set
from operators.features.plan import SLACK
from operators.packs import Arrival, UserPack
from operators.settling import ABSENT_INPUT
from operators.state import DictStates
from operators.users import UserGroup, UserOutput, UserState
from tests.operators.disk import Disk

START = 1_522_540_800_000
HOUR = 3_600_000
TEXT = """
name = "users"
window_events = 3
[[features]]
name = "count_{window}"
entity = "user"
aggregate = "count"
windows = ["1h"]
[[features]]
name = "fraud_{window}"
entity = "merchant"
aggregate = "rate"
label = "fraud"
windows = ["1h"]
[[features]]
name = "user_fraud_{window}"
entity = "user"
aggregate = "rate"
label = "fraud"
windows = ["1h"]
"""
FEATURES = parse_feature_set(TEXT, "users.toml")
HORIZON = HOUR + 2_000 + SLACK
assert FEATURES.user.horizon == HORIZON


class Users:
    """One group with two inputs, fed event by event."""

    def __init__(self, features: FeatureSet = FEATURES) -> None:
        self.states: DictStates[UserState] = DictStates()
        self.group = UserGroup(features, self.states, 0, 2)
        self._disk = Disk(UserState)
        self._offset = 0

    def take(self, *items: Event | Label, marks: Sequence[tuple[int, int]] = ()) -> UserOutput:
        """One pack."""
        pack = UserPack(0, [], [item for item in items if isinstance(item, Label)], list(marks))
        for event in items:
            if isinstance(event, Event):
                pack.arrivals.append(Arrival(event, 0, self._offset, False, 0))
                self._offset += 1
        return self.group.on_pack(pack)

    def restart(self) -> None:
        """Go on from bytes."""
        self._disk.restart(self.states)
        for user, head in self._disk.heads.items():
            assert sorted(self._disk.blocks[user]) == list(UserState.blocks(head))
        waiting = self.group.waiting
        self.group = UserGroup(FEATURES, self.states, 0, 2)
        self.group.wait(waiting)


def known(state: UserState) -> list[object]:
    return [state.rows, state.ring.times, state.ring.columns, state.ring.first_seen, state.ring.dropped]


def event(event_id: str, time: int, merchant: str = "m") -> Event:
    return Event(event_id, "payment", START + time, "u", merchant_id=merchant)


def test_a_duplicate_is_dropped_and_counted_and_changes_nothing() -> None:
    users = Users()
    first = users.take(event("a", 0), event("a", 0), event("a", 999), event("b", 0))
    assert (len(first.enriched), len(first.queries), first.duplicates) == (2, 4, 2)
    assert users.take(event("a", 0)).duplicates == 1
    assert [one.features[0] for one in users.take(event("c", 1)).enriched] == [3.0]


def test_the_same_id_of_another_user_is_another_event() -> None:
    users = Users()
    mine, yours = event("a", 0), Event("a", "payment", START, "v")
    assert len(users.take(mine, yours).enriched) == 2


@patch.object(ring, "BLOCK", 8)
@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 99)), max_size=200), st.integers(0, 2**32))
def test_what_is_a_duplicate_does_not_depend_on_restarts(drawn: list[tuple[int, int]], seed: int) -> None:
    whole, torn, random = Users(), Users(), Random(seed)
    now = 0
    for hours, number in drawn:
        now += hours * HOUR // 4
        one = event(f"e{number}", now)
        expected, found = whole.take(one), torn.take(one)
        assert (found.duplicates, [each.features for each in found.enriched]) == (
            expected.duplicates,
            [each.features for each in expected.enriched],
        )
        assert [each.window for each in found.enriched] == [each.window for each in expected.enriched]
        if random.random() < 0.2:
            torn.restart()
    assert [known(state) for state in torn.states.values()] == [known(state) for state in whole.states.values()]


def test_duplicates_are_known_among_many_events_and_forgotten_with_them() -> None:
    users = Users()
    users.take(*(event(f"e{number}", number) for number in range(100)))
    assert users.take(event("e3", 3)).duplicates == 1
    users.take(*(event(f"f{number}", HORIZON + HORIZON // 32 + number) for number in range(40)))
    again = users.take(event("e3", HORIZON + HORIZON // 32 + 100))
    assert (again.duplicates, len(again.enriched)) == (0, 1)


def test_a_late_event_finds_the_events_of_its_time() -> None:
    users = Users()
    users.take(event("a", 0), event("b", HOUR), event("c", SLACK))
    (late,) = users.take(event("d", HOUR + 1)).enriched
    assert late.features[0] == 2.0


def test_one_that_is_older_than_all_that_is_kept_still_counts_itself() -> None:
    users = Users()
    users.take(*(event(f"e{number}", 10 * HORIZON + number) for number in range(10)))
    (late,) = users.take(event("old", 0)).enriched
    assert late.features[0] == 1.0


def test_a_label_waits_until_every_input_has_passed_its_time() -> None:
    users = Users()
    label = Label("a", "u", "fraud", START + 500, "test")
    assert not users.take(label, marks=[(0, START), (1, START + 900)]).labels
    assert users.group.waiting == [label]
    assert not users.take(event("a", 100), marks=[(0, START + 500)]).labels
    output = users.take(marks=[(0, START + 501)])
    assert [(one.entity, one.time, one.label, one.label_time) for one in output.labels] == [
        (fingerprint("m"), START + 100, "fraud", START + 500),
        (fingerprint("u"), START + 100, "fraud", START + 500),
    ]
    assert (output.unmatched, users.group.waiting) == (0, [])


def test_labels_that_change_something_go_on_in_the_order_of_their_times_and_of_arrival() -> None:
    users = Users()
    users.take(event("a", 0))
    given = [("abuse", 3), ("fraud", 1), ("legitimate", 3), ("fraud", 2), ("fraud", 3)]
    users.take(*(Label("a", "u", name, START + time, "") for name, time in given))
    users.restart()
    output = users.take(marks=[(0, ABSENT_INPUT), (1, ABSENT_INPUT)])
    assert [(one.label, one.label_time - START, one.replaced) for one in output.labels[::2]] == [
        ("fraud", 1, ""), ("abuse", 3, "fraud"), ("fraud", 3, ""),
    ]  # fmt: skip


@pytest.mark.parametrize(("known", "found"), [(1, True), (2, True), (3, False)])
def test_a_label_finds_its_event_among_the_latest_of_its_time(known: int, found: bool) -> None:
    users = Users(parse_feature_set(f"max_events = 3\n{TEXT}", "users.toml"))
    users.take(*(event(name, number) for number, name in enumerate("abcdefgh")))
    label = Label("a", "u", "fraud", START + known, "")
    output = users.take(label, marks=[(0, ABSENT_INPUT), (1, ABSENT_INPUT)])
    assert (bool(output.labels), output.unmatched) == (found, not found)


@pytest.mark.parametrize(("event_id", "user"), [("b", "u"), ("a", "v"), ("a", "nobody")])
def test_a_label_without_its_event_is_counted(event_id: str, user: str) -> None:
    users = Users()
    users.take(event("a", 0), Event("b", "payment", START, "v"))
    output = users.take(Label(event_id, user, "fraud", START, ""), marks=[(0, ABSENT_INPUT), (1, ABSENT_INPUT)])
    assert (output.unmatched, output.labels) == (1, [])


def test_an_event_without_a_merchant_asks_none() -> None:
    (query,) = Users().take(event("a", 0, merchant="")).queries
    assert query.entity == fingerprint("u")


def test_a_watermark_is_passed_on_when_the_least_of_all_inputs_moves() -> None:
    users = Users()
    told = [[(0, 5)], [(1, 3)], [(0, 9)], [], [(1, ABSENT_INPUT)], [(0, ABSENT_INPUT)], [(1, 7)]]
    assert [users.take(marks=marks).watermark for marks in told] == [None, 3, None, None, 9, ABSENT_INPUT, 7]
