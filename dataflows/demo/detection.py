"""How much of the abuse was found, by the simulator's truth, which the flow does not know."""

from dataclasses import dataclass
from statistics import median
from typing import Final, NamedTuple

from dataflows.simulator.abuse.scenarios import SCENARIOS

FLAGS: Final = ("limit", "step_up", "review", "distrust_click", "hide_review", "delay_refund", "hold_order", "block")
"""The actions that stand in an event's way, mildest first."""
STOPS: Final = ("distrust_click", "hide_review", "delay_refund", "hold_order", "block")
"""Those that stop it."""


@dataclass(slots=True)
class _Case:
    """One user's abuse of one kind. Times are of events, epoch ms."""

    first: int
    flagged: int | None = None
    stopped: bool = False


class Detected(NamedTuple):
    """What was found of one kind of abuse."""

    scenario: str
    cases: int
    """Users who did it."""
    flagged: int
    """Users with any action on an abusive event."""
    stopped: int
    """Users of whom an abusive event was stopped."""
    events: int
    """Abusive events."""
    events_flagged: int
    seconds: float | None
    """The median event time from a flagged user's first abusive event to the first flagged one."""


class Detection:
    """Fed with judged events; tells what was found of each kind of abuse."""

    def __init__(self) -> None:
        self._cases: dict[tuple[str, str], _Case] = {}
        self._events = dict.fromkeys((scenario.name for scenario in SCENARIOS), 0)
        self._flagged = dict.fromkeys(self._events, 0)

    def judged(self, scenario: str, user_id: str, time: int) -> None:
        """Count an abusive event that the flow has judged."""
        self._events[scenario] += 1
        self._case(scenario, user_id, time)

    def acted(self, scenario: str, user_id: str, time: int, action: str) -> None:
        """Count an action opened on an abusive event; an event has one at most."""
        if action not in FLAGS:
            return
        case = self._case(scenario, user_id, time)
        case.flagged = time if case.flagged is None else min(case.flagged, time)
        case.stopped |= action in STOPS
        self._flagged[scenario] += 1

    def _case(self, scenario: str, user_id: str, time: int) -> _Case:
        case = self._cases.setdefault((scenario, user_id), _Case(time))
        case.first = min(case.first, time)
        return case

    def by_scenario(self) -> list[Detected]:
        """Every kind of abuse, those without a case included."""
        return [self._detected(scenario) for scenario in self._events]

    def _detected(self, scenario: str) -> Detected:
        cases = [case for (name, _), case in self._cases.items() if name == scenario]
        delays = [(case.flagged - case.first) / 1_000 for case in cases if case.flagged is not None]
        return Detected(
            scenario,
            len(cases),
            len(delays),
            sum(case.stopped for case in cases),
            self._events[scenario],
            self._flagged[scenario],
            median(delays) if delays else None,
        )

    @property
    def cases(self) -> int:
        """Users who abused the shop."""
        return len(self._cases)

    @property
    def stopped(self) -> int:
        """Those of them that were stopped."""
        return sum(case.stopped for case in self._cases.values())
