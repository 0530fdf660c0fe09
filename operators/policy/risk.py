"""A user's risk: what the scores of the user's events leave behind, fading over event time."""

import struct
from dataclasses import dataclass

import msgspec

from contracts.decisions import DECIMALS

_RECORD = struct.Struct("<Bdq")
_VERSION = 1
_SPENT = 1e-12


class UserRisk(msgspec.Struct, frozen=True, gc=False):
    """The risk in [0, 1] that a user had at `at` (event time, epoch milliseconds)."""

    risk: float
    at: int

    def encode(self) -> bytes:
        """17 bytes: a version, the risk, the time."""
        return _RECORD.pack(_VERSION, self.risk, self.at)

    @classmethod
    def decode(cls, data: bytes) -> "UserRisk":
        """The inverse of `encode`. Raises ValueError for anything else."""
        if len(data) != _RECORD.size or data[0] != _VERSION:
            raise ValueError(f"{len(data)} bytes are no user risk of version {_VERSION}")
        _, risk, at = _RECORD.unpack(data)
        return cls(risk, at)


@dataclass(frozen=True)
class RiskCourse:
    """How scores move a user's risk.

    Between scores it halves every `half_life`:         risk(t) = risk(t0) * 0.5 ** ((t - t0) / half_life)
    A score of at least `floor` adds to what is left:   risk' = 1 - (1 - risk) * (1 - weight * score)

    This is the noisy OR: scores are pieces of evidence, each of which would alone make the user a risk with the
    probability `weight * score`. A lower score moves nothing, so a busy, harmless user gathers no risk.
    """

    half_life: int
    """Milliseconds."""
    weight: float
    floor: float

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
        risk = 1.0 - (1.0 - state.risk * self._fading(time - state.at)) * (1.0 - evidence)
        return UserRisk(round(risk, DECIMALS), max(time, state.at))

    def is_spent(self, state: UserRisk, time: int) -> bool:
        """Whether nothing is left of a state at `time` that could ever reach a rounded risk."""
        return state.risk * self._fading(time - state.at) < _SPENT

    def _fading(self, elapsed: int) -> float:
        return float(0.5 ** (elapsed / self.half_life)) if elapsed > 0 else 1.0
