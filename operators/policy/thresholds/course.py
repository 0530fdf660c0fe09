"""How a threshold goes where it should be: by looks at event times, within its rails, and with a record of every move.

A look is at a whole multiple of `every`, and made once the events have come a minute further: what belongs before it is
in by then, and what comes later is left out. A move counts from that minute on, so it never counts before it is known.
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


class CourseState(msgspec.Struct):
    """All that a threshold's course goes on from."""

    value: float
    look: int | None = None
    """The next look, epoch ms; None before the first event."""
    periods: dict[int, Period] = msgspec.field(default_factory=dict)
    costs: CostState = msgspec.field(default_factory=CostState)


class Course:
    """One threshold that adapts. What it is given must come in the order of event time, all but a little."""

    def __init__(self, name: str, table: ThresholdTable, state: CourseState | None = None) -> None:
        self._name = name
        self._table = table
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

    def move(self, value: float) -> None:
        """Somebody else has moved the threshold: go on from there."""
        self.state.value = value

    def advance(self, time: int) -> list[ControlChange]:
        """Make the looks that are due once the events have come to `time`, epoch ms; the moves, in order."""
        every = self._table.every
        if self.state.look is None:
            self.state.look = (time // every + 1) * every
        changes = []
        while self.state.look + GRACE <= time:
            look = self.state.look
            self.state.look += every
            if self._aim is not None and (aim := self._aim.aim(look)) is not None:
                changes += self._go(aim, look + GRACE)
        return changes

    def _go(self, aim: Aim, effective_at: int) -> list[ControlChange]:
        before, value = self.state.value, self._moved(aim)
        if value == before:
            return []
        self.state.value = value
        identity = record_id("threshold", self._name, str(effective_at), str(value))
        reason = f"from {before:g}; {aim.why}"
        return [ControlChange(identity, "threshold", self._name, effective_at, BY, reason, value=value)]

    def _moved(self, aim: Aim) -> float:
        table, before = self._table, self.state.value
        if aim.low <= before <= aim.high:
            return before
        wanted = min(max(aim.middle, before - table.step), before + table.step)
        return round(min(max(wanted, table.min), table.max), DECIMALS)
