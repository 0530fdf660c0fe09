"""A policy's levels of risk: how a user's risk moves through them, and what is told of it."""

from dataclasses import dataclass

from contracts.decisions import UserRiskChange, Versions
from contracts.events import Position
from operators.policy.policy import Policy
from operators.policy.risk import RiskCourse, UserRisk


@dataclass(frozen=True)
class Levels:
    """Names, lowest first, over a course whose thresholds they are."""

    course: RiskCourse
    names: tuple[str, ...]

    @classmethod
    def of(cls, policy: Policy) -> "Levels":
        """A policy's."""
        return cls(policy.user_risk, tuple(name for name, _ in policy.levels))

    def fade(
        self, state: UserRisk, user_id: str, time: int, versions: Versions
    ) -> tuple[UserRisk, tuple[UserRiskChange, ...]]:
        """The risk once its level has fallen as often as it does up to `time`."""
        changes = []
        while (at := state.falls) <= time:
            state, told = self.course.settled(self.course.faded(state, at))
            if told:
                changes.append(self.change(user_id, state, at, "", versions, None))
        return state, tuple(changes)

    def adopted(self, state: UserRisk) -> UserRisk:
        """A risk that other levels may have left: where its level is another here, that is found out at once."""
        if self.course.level(state.level, state.risk) == state.level:
            return state
        return UserRisk(state.risk, state.at, state.told, state.level, state.at)

    def take_over(
        self, state: UserRisk, user_id: str, since: int, before: "Levels", versions: Versions
    ) -> tuple[UserRisk, tuple[UserRiskChange, ...]]:
        """A risk that the levels in force before have left, once these are (`since`).

        It has faded as those say up to then. It is told anew where its level or its half-life is another.
        """
        state = before.course.faded(state, max(state.at, since))
        name = before.names[min(state.level, len(before.names) - 1)]
        level = self.course.level(self.names.index(name) if name in self.names else 0, state.risk)
        told = name != self.names[level] or (state.risk > 0 and self.course.half_life != before.course.half_life)
        state = self.course.begun(state, level, told)
        return state, (self.change(user_id, state, state.at, "", versions, None),) if told else ()

    def change(
        self, user_id: str, state: UserRisk, at: int, event_id: str, versions: Versions, position: Position | None
    ) -> UserRiskChange:
        """The record of a change."""
        half_life = self.course.half_life
        return UserRiskChange(user_id, state.risk, self.names[state.level], at, half_life, event_id, versions, position)
