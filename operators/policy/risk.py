"""A user's risk: what the scores of the user's events leave behind, fading over event time, and its level."""

import struct
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from math import log2, nan
from typing import Final

import msgspec

from contracts.decisions import DECIMALS

NEVER: Final = 2**62
"""A time that doesn't come."""

_RECORD = struct.Struct("<dqdBq")
_SPENT = 1e-12
_ROUNDING: Final = 0.5 * 10**-DECIMALS
_LEAST: Final = 1e-9


class UserRisk(msgspec.Struct, frozen=True, gc=False):
    """The risk in [0, 1] that a user had at `at` (event time, epoch milliseconds)."""

    risk: float
    at: int
    told: float = 0.0
    """What the latest record of the user's risk makes of it at `at`."""
    level: int = 0
    """Among the policy's levels."""
    falls: int = NEVER
    """When, without new evidence, the level falls."""

    def encode(self) -> bytes:
        """33 bytes."""
        return _RECORD.pack(self.risk, self.at, self.told, self.level, self.falls)

    @classmethod
    def decode(cls, data: bytes) -> "UserRisk":
        """The inverse of `encode`. Raises ValueError for another number of bytes."""
        if len(data) != _RECORD.size:
            raise ValueError(f"{len(data)} bytes are no user risk")
        return cls(*_RECORD.unpack(data))


@dataclass(frozen=True)
class RiskCourse:
    """How scores move a user's risk.

    Between scores it halves every `half_life`:         risk(t) = risk(t0) * 0.5 ** ((t - t0) / half_life)
    A score of at least `floor` adds to what is left:   risk' = 1 - (1 - risk) * (1 - weight * score)

    This is the noisy OR: scores are pieces of evidence, each of which would alone make the user a risk with the
    probability `weight * score`. A lower score moves nothing, so a busy, harmless user gathers no risk.

    A level is reached at its threshold, and left when the risk is by `hysteresis` lower. A change is told where it
    changes the level, or has moved the risk by `step` from what the fading of the risk told last makes of it.
    """

    half_life: int
    """Milliseconds."""
    weight: float
    floor: float
    thresholds: tuple[float, ...] = (0.0,)
    """Where the levels begin, rising from 0."""
    hysteresis: float = 0.0
    step: float = 1.0

    def present(self, state: UserRisk | None, time: int) -> float:
        """The risk at an event time, rounded; before the state's own time it is what it was there."""
        if state is None:
            return 0.0
        return round(state.risk * self._fading(time - state.at), DECIMALS)

    def after(self, state: UserRisk | None, time: int, score: float) -> UserRisk | None:
        """The state once an event has got its score: the same object where the score is under the floor.

        What a late event adds has faded by its age, as if it had come in time.
        """
        if score < self.floor:
            return state
        if state is None:
            return UserRisk(round(self.weight * score, DECIMALS), time)
        evidence = self.weight * score * self._fading(state.at - time)
        faded = self._fading(time - state.at)
        risk = 1.0 - (1.0 - state.risk * faded) * (1.0 - evidence)
        return UserRisk(round(risk, DECIMALS), max(time, state.at), state.told * faded, state.level, state.falls)

    def level(self, before: int, risk: float) -> int:
        """The level of a user with this risk who was at another before."""
        reached = bisect_right(self.thresholds, risk) - 1
        for level in range(min(before, len(self.thresholds) - 1), reached, -1):
            if risk >= self._lower[level]:
                return level
        return reached

    @cached_property
    def review_score(self) -> float:
        """The least score that alone lifts its user out of the lowest level; 0.5 where none does."""
        alone = round(self.thresholds[1] / self.weight, DECIMALS) if len(self.thresholds) > 1 else nan
        return max(alone, self.floor) if alone <= 1 else 0.5

    def settled(self, state: UserRisk) -> tuple[UserRisk, bool]:
        """The state with the level of its risk, and whether that has to be told."""
        level = self.level(state.level, state.risk)
        told = level != state.level or state.risk - state.told >= self.step - _LEAST
        return self.begun(state, level, told), told

    def begun(self, state: UserRisk, level: int, told: bool) -> UserRisk:
        """The state at a level, going on by this course."""
        return UserRisk(state.risk, state.at, state.risk if told else state.told, level, self._falls(state, level))

    def faded(self, state: UserRisk, time: int) -> UserRisk:
        """The state as of another time."""
        return UserRisk(
            self.present(state, time), time, state.told * self._fading(time - state.at), state.level, state.falls
        )

    def is_spent(self, state: UserRisk, time: int) -> bool:
        """Whether nothing is left of a state at `time` that could ever reach a rounded risk."""
        return state.level == 0 and state.risk * self._fading(time - state.at) < _SPENT

    @cached_property
    def _lower(self) -> tuple[float, ...]:
        return tuple(round(threshold - self.hysteresis, DECIMALS) for threshold in self.thresholds)

    def _falls(self, state: UserRisk, level: int) -> int:
        """The first millisecond at which the rounded risk is below the level's lower bound."""
        if level == 0:
            return NEVER
        lower = self._lower[level]
        halvings = log2(state.risk / max(lower - _ROUNDING, _LEAST))
        time = state.at + max(1, int(self.half_life * halvings))
        while self.present(state, time) >= lower:
            time += 1
        return time

    def _fading(self, elapsed: int) -> float:
        return float(0.5 ** (elapsed / self.half_life)) if elapsed > 0 else 1.0
