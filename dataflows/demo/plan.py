"""What a demo is to do."""

from dataclasses import dataclass
from math import ceil
from typing import Final

from dataflows.errors import UserError
from dataflows.simulator.dice import DAY
from dataflows.simulator.shop import ShopSettings

_START: Final = 1_735_689_600_000
"""2025-01-01, epoch ms: the same seed gives the same shop, and none of its events lies in the future."""
_MOST_DAYS: Final = 365
_EVENTS_A_DAY: Final = 0.65
"""Somewhat less than a user's events a day, so that the shop stays open longer than the demo."""


@dataclass(frozen=True, slots=True)
class DemoPlan:
    """How long, how fast, of what."""

    seconds: float = 60.0
    """How long the live part takes."""
    rate: float = 800.0
    """Records a second in the live part."""
    users: int = 3_000
    seed: int = 7
    history: int = 20_000
    """Records that the flow catches up on first, as fast as it can, so that users have a past."""
    processes: int = 1
    checkpoint: str | None = None
    """None for the one that Sealwax comes with."""

    def shop(self) -> ShopSettings:
        """The shop that so many records come from. Raises UserError where its time would run away."""
        records = self.history + self.rate * self.seconds
        days = ceil(records / (self.users * _EVENTS_A_DAY))
        if days > _MOST_DAYS:
            raise UserError(
                f"{records:,.0f} records of {self.users:,} users would take them {days:,} days, and "
                f"{_MOST_DAYS} are the most: raise --users, or lower --rate or --seconds"
            )
        return ShopSettings(self.users, days, self.seed, _START)

    @property
    def speed_up(self) -> float:
        """About how much faster than the clock the shop's time runs in the live part."""
        shop = self.shop()
        return self.rate / (self.history + self.rate * self.seconds) * shop.days * DAY / 1_000
