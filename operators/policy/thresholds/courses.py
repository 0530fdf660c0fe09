"""All the thresholds of a policy that adapt."""

from collections.abc import Mapping
from typing import Final, TypeAlias

from contracts.control import ControlChange
from contracts.events import Label
from contracts.messages import INITIAL
from operators.policy.definition import ThresholdTable
from operators.policy.policy import Policy, parse_policy
from operators.policy.thresholds.course import Course, CourseState
from operators.policy.thresholds.scored import Scored

Known: TypeAlias = Scored | Label | ControlChange
"""A score, what became known of an event, or a change that was accepted."""

POSITIVE: Final = ("fraud", "abuse")


class Courses:
    """Takes in what is known, in the order of event time, and gives the moves that follow."""

    def __init__(self, policy: Policy, ahead: int, states: Mapping[str, CourseState], clock: int = 0) -> None:
        """`ahead` in ms; what a restart goes on from: `states` by name, and `clock`."""
        self._courses = {
            name: Course(name, table, ahead, states.get(name)) for name, table in policy.thresholds.items()
        }
        self._tables = policy.thresholds
        self.clock = clock
        """The latest time that was taken in, epoch ms."""
        self.other_policy = ""
        """The version of the policy in force, where that is known to have other thresholds."""

    @property
    def states(self) -> dict[str, CourseState]:
        """By name."""
        return {name: course.state for name, course in self._courses.items()}

    def take(self, known: Known, *, moving: bool = True) -> list[ControlChange]:
        """Take in the next; the moves that are due before it. With `moving` False there are none: it only learns."""
        self.clock = max(self.clock, time_of(known))
        changes = [move for one in self._courses.values() for move in one.advance(self.clock, moving=moving)]
        match known:
            case Scored():
                for course in self._courses.values():
                    course.add(known)
            case Label():
                for course in self._courses.values():
                    course.learn(known.event_id, known.label in POSITIVE)
            case _:
                self.accept(known)
        return changes

    def accept(self, change: ControlChange) -> None:
        """A change is in force; another's than of a threshold or of the whole policy changes nothing."""
        if change.kind == "policy":
            tables = self._tables if change.name == INITIAL else _thresholds(change)
            self.other_policy = change.name if tables != self._tables else ""
        elif change.kind == "threshold" and change.name in self._courses:
            self._courses[change.name].accept(change)

    def look_again(self) -> list[ControlChange]:
        """The moves that the latest looks ask for, now."""
        return [move for course in self._courses.values() for move in course.look_again(self.clock)]


def _thresholds(change: ControlChange) -> Mapping[str, ThresholdTable]:
    return parse_policy(change.text, change.name, change.files.__getitem__).thresholds


def time_of(known: Known) -> int:
    """When it is to be taken in, epoch ms."""
    match known:
        case Scored():
            return known.event_time
        case Label():
            return known.label_time
    return known.effective_at
