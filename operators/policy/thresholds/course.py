"""How a threshold goes where it should be: by looks at event times, within its rails, and with a record of every move.

A look is at a whole multiple of `every`, and made once the events have come a minute further: what belongs before it is
in by then, and what comes later is left out. The flow must not have come to the time from which a move counts, so that
lies `ahead` of the events, and the flow may still refuse it: a move is known to be in force once it was accepted.
"""

from typing import Final

import msgspec

from contracts.control import ControlChange
from contracts.decisions import DECIMALS
from contracts.keys import record_id
from operators.policy.definition import ThresholdTable
from operators.policy.thresholds.capacity import CapacityAim, Period
from operators.policy.thresholds.cost import CostAim, CostState
from operators.policy.thresholds.scored import Aim, Scored

GRACE: Final = 60_000
"""How long a look waits for what was under way, ms."""

BY: Final = "sealwax policy thresholds"
"""Who moves thresholds, in the records of it."""


class Pending(msgspec.Struct, array_like=True, frozen=True):
    """A move that was neither accepted yet nor is past its time."""

    change_id: str
    effective_at: int
    value: float


class CourseState(msgspec.Struct):
    """All that a threshold's course goes on from."""

    value: float
    """In force, as far as is known."""
    pending: list[Pending] = msgspec.field(default_factory=list)
    look: int | None = None
    """The next look, epoch ms; None before the first event."""
    judged: int | None = None
    """The latest look that a move could follow from: none does twice."""
    periods: dict[int, Period] = msgspec.field(default_factory=dict)
    costs: CostState = msgspec.field(default_factory=CostState)


class Course:
    """One threshold. What it is given must come in the order of event time, all but a little."""

    def __init__(self, name: str, table: ThresholdTable, ahead: int = 0, state: CourseState | None = None) -> None:
        """`ahead` in ms."""
        self._name = name
        self._table = table
        self._ahead = ahead
        self.state = state or CourseState(table.start)
        self._aim: CapacityAim | CostAim | None = None
        if table.capacity is not None:
            self._aim = CapacityAim(table, table.capacity, self.state.periods)
        elif table.cost is not None:
            self._aim = CostAim(table, table.cost, self.state.costs)

    def add(self, scored: Scored) -> None:
        """Take in an event's score."""
        if self._aim is not None and scored.event_type in (self._table.events or (scored.event_type,)):
            self._aim.add(scored)

    def learn(self, event_id: str, positive: bool) -> None:
        """Take in what became known of an event."""
        if isinstance(self._aim, CostAim):
            self._aim.learn(event_id, positive)

    def accept(self, change: ControlChange) -> None:
        """A move of this threshold, whoever made it, is in force; the next one goes on from there."""
        value, table = change.value, self._table
        self.state.value = value if value is not None and table.min <= value <= table.max else table.start
        self.state.pending = [one for one in self.state.pending if one.change_id != change.change_id]

    def advance(self, time: int, *, moving: bool = True) -> list[ControlChange]:
        """Look, where that is due once the events have come to `time`, epoch ms; the move that follows, if any.

        With `moving` False it only looks, and what a look no longer needs is forgotten.
        """
        due = ((time - GRACE) // self._table.every + 1) * self._table.every
        if self.state.look is None or due <= self.state.look:
            self.state.look = self.state.look or due
            return []
        self.state.look = due
        if moving:
            return self.look_again(time)
        if self._aim is not None:
            self._aim.aim(due - self._table.every)
        return []

    def look_again(self, time: int) -> list[ControlChange]:
        """The latest look, when the events have come to `time`: the move that it asks for, if it didn't before."""
        if self._aim is None or self.state.look is None:
            return []
        look = self.state.look - self._table.every
        if look == self.state.judged:
            return []
        self.state.judged = look
        self.state.pending = [one for one in self.state.pending if one.effective_at > look]
        aim = self._aim.aim(look)
        return [] if aim is None else self._go(aim, time + self._ahead)

    def _go(self, aim: Aim, effective_at: int) -> list[ControlChange]:
        pending = self.state.pending
        before = pending[-1].value if pending else self.state.value
        value = self._moved(before, aim)
        if value == before:
            return []
        identity = record_id("threshold", self._name, str(effective_at), str(value))
        pending.append(Pending(identity, effective_at, value))
        reason = f"from {before:g}; {aim.why}"
        return [ControlChange(identity, "threshold", self._name, effective_at, BY, reason, value=value)]

    def _moved(self, before: float, aim: Aim) -> float:
        table = self._table
        if aim.low <= before <= aim.high:
            return before
        wanted = min(max(aim.middle, before - table.step), before + table.step)
        return min(max(round(wanted, DECIMALS), table.min), table.max)
