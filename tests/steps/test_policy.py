"""The policy's step: what lasts over a restart, and time that passes while nothing comes."""

from pathlib import Path

import pytest

from contracts.decisions import PolicyAction
from contracts.events import Event, Label
from dataflows.control_journal import ControlJournal
from dataflows.state import StateDirectory
from dataflows.steps import policy
from dataflows.steps.policy import GRACE, LOOK, PolicyLogic, PolicyPart
from operators.packs import ScoredPack
from operators.policy import Decided
from tests.policy.lives import DELAY, START, decision, new_timeline, pack, scored

HOUR = 3_600_000
ENDS = START + 150_000


class Clocks:
    """A wall clock and one of the process, which go on by hand."""

    def __init__(self, wall: int) -> None:
        self.wall = wall / 1_000
        self.awake = 50.0

    def pass_by(self, seconds: float) -> None:
        self.wall += seconds
        self.awake += seconds


@pytest.fixture
def directory(tmp_path: Path) -> StateDirectory:
    return StateDirectory(tmp_path / "state")


def journal_of(directory: StateDirectory) -> ControlJournal:
    return ControlJournal(directory._path.parent / "control", new_timeline())


def opened(directory: StateDirectory, held: tuple[int, int] | None = None, clocks: Clocks | None = None) -> PolicyPart:
    part = policy.open_part(journal_of(directory), directory, 10, "transactions", DELAY, (), 7, held)
    if clocks is not None:
        part._wall, part._awake = (lambda: clocks.wall), (lambda: clocks.awake)
    return part


def close(part: PolicyPart) -> None:
    part._states.close()
    part._agenda.close()


def actions(decided: list[Decided]) -> list[PolicyAction]:
    return [action for one in decided for action, _ in one.actions]


def hold(clock: int = START) -> ScoredPack:
    return pack([scored(Event("e", "payment", START, "bob", "o1"), 0.85)], clock=clock)


def looks(part: PolicyPart, clocks: Clocks, seconds: int) -> list[PolicyAction]:
    """Look once a second, as the engine does."""
    taken: list[PolicyAction] = []
    for _ in range(seconds):
        part.wake_at()
        clocks.pass_by(LOOK)
        taken += actions(part.look())
    return taken


def test_a_hold_ends_by_the_clock_where_nothing_comes(directory: StateDirectory) -> None:
    clocks = Clocks(START + 10**10)
    part = opened(directory, clocks=clocks)
    assert [one.status for one in actions(part.take([hold()]))] == ["opened"]
    assert part.wake_at() is None  # it is not known that nothing comes
    part.take([pack(clock=START, idle=True)])
    seconds = (ENDS - START + DELAY + GRACE) // 1_000
    assert looks(part, clocks, seconds - 1) == []
    (action,) = looks(part, clocks, 2)
    assert (action.status, action.effective_at, action.by) == ("expired", ENDS, "expiry")
    part.take([pack(clock=START + HOUR)])
    assert part.wake_at() is None


def test_the_same_is_written_where_the_input_goes_on(directory: StateDirectory) -> None:
    part = opened(directory)
    part.take([hold()])
    (by_input,) = actions(part.take([pack(clock=START + HOUR)]))
    clocks = Clocks(START + 10**10)
    other = policy.open_part(journal_of(directory), directory, 10, "transactions", DELAY, (), 8, None)
    other._wall, other._awake = (lambda: clocks.wall), (lambda: clocks.awake)
    other.take([hold(), pack(clock=START, idle=True)])
    (by_clock,) = looks(other, clocks, 300)
    assert by_clock == by_input


def test_time_in_which_the_process_stood_still_does_not_count(directory: StateDirectory) -> None:
    clocks = Clocks(START + 10**10)
    part = opened(directory, clocks=clocks)
    part.take([hold(), pack(clock=START, idle=True)])
    looks(part, clocks, 1)
    clocks.pass_by(10_000)
    assert actions(part.look()) == []


def test_event_time_never_goes_beyond_the_walls(directory: StateDirectory) -> None:
    clocks = Clocks(START)
    part = opened(directory, clocks=clocks)
    part.take([hold(), pack(clock=START, idle=True)])
    clocks.wall -= 100
    seconds = (ENDS - START + DELAY + GRACE) // 1_000
    assert looks(part, clocks, seconds + 50) == []
    assert len(looks(part, clocks, 60)) == 1


def test_what_comes_makes_idleness_begin_anew(directory: StateDirectory) -> None:
    clocks = Clocks(START + 10**10)
    part = opened(directory, clocks=clocks)
    part.take([hold(), pack(clock=START, idle=True)])
    looks(part, clocks, 150)
    part.take([pack(clock=START + 10)])
    assert part.wake_at() is None
    part.take([pack(clock=START + 20, idle=True)])
    assert looks(part, clocks, GRACE // 1_000) == []


def test_everything_lasts_over_a_restart(directory: StateDirectory) -> None:
    part = opened(directory)
    part.take([hold(), pack(outcomes=[Label("e2", "bob", "fraud", START + 70_000, "bank")])])
    later = scored(Event("e2", "payment", START + 60_000, "bob", "o2"), 0.85)
    part.take([pack([later], [decision("d", START + 80_000, order="o1")])])
    held = part.snapshot()
    undisturbed = actions(part.take([pack(clock=START + 90_000)]))
    part.snapshot()
    close(part)
    again = opened(directory, held)
    assert actions(again.take([pack(clock=START + 90_000)])) == undisturbed
    assert [(one.status, one.order_id) for one in undisturbed] == [
        ("opened", "o2"),
        ("confirmed", "o2"),
        ("released", "o1"),
    ]
    assert again.snapshot() != held
    unchanged = again.snapshot()
    assert again.snapshot() == unchanged
    close(again)
    empty = opened(directory, unchanged)
    assert empty._group.due is not None  # the user's level falls
    assert empty._group.outcomes == []


def test_what_waits_is_written_by_the_next_snapshot(directory: StateDirectory) -> None:
    part = opened(directory)
    part.take([pack(outcomes=[Label("e9", "bob", "fraud", START, "bank")])])
    part.snapshot()
    part.take([hold(START - DELAY)])
    held = part.snapshot()
    close(part)
    (action,) = actions(opened(directory, held).take([pack(clock=START)]))
    assert action.status == "opened"


def test_the_engine_is_asked_to_wake_it(directory: StateDirectory) -> None:
    logic = PolicyLogic(lambda group, held: opened(directory, held), None)
    assert logic.notify_at() is None
    decided, _ = logic.on_batch([hold()])
    assert len(actions(decided)) == 1
    assert logic.notify_at() is None
    logic.on_batch([pack(clock=START, idle=True)])
    assert logic.notify_at() is not None
    assert logic.on_notify() == ([], False)
