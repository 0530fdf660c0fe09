"""What thresholds adapt by: events' scores, and where those would have a threshold."""

from typing import NamedTuple


class Scored(NamedTuple):
    """An event's score, as its risk update tells it."""

    event_id: str
    event_type: str
    event_time: int
    """Epoch milliseconds."""
    score: float


class Aim(NamedTuple):
    """A threshold may be anywhere from `low` to `high`, for the reason of `why`."""

    low: float
    high: float
    why: str

    @property
    def middle(self) -> float:
        """Where it goes from outside: what it aims at must move before it has to move again."""
        return (self.low + self.high) / 2
