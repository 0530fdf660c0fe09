"""One simulated month, shared by the tests."""

from dataclasses import dataclass

import pytest

from contracts.events import Label
from dataflows.simulator.shop import Occurrence, Shop, ShopSettings

MONTH = ShopSettings(users=2_000, days=30, seed=11)


@dataclass(frozen=True)
class Month:
    """What a shop told, in order."""

    told: list[Occurrence | Label]
    occurrences: list[Occurrence]
    labels: list[Label]


@pytest.fixture(scope="session")
def month() -> Month:
    told = list(Shop(MONTH).stream())
    labels = [entry for entry in told if isinstance(entry, Label)]
    return Month(told, [entry for entry in told if isinstance(entry, Occurrence)], labels)
