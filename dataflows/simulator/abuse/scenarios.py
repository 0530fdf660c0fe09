"""The kinds of abuse: how much there is of each, and how it comes to light."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from contracts.events import Event, Label
from dataflows.simulator.abuse import manipulation, theft
from dataflows.simulator.abuse.scene import Deed, Scene
from dataflows.simulator.dice import HOUR, Dice


@dataclass(frozen=True, slots=True)
class Report:
    """Who finds out, when, and how often nobody does."""

    label: str
    source: str
    hours: float
    """The median of a log-normal delay."""
    sigma: float
    unreported: float

    def label_of(self, dice: Dice, event: Event) -> Label | None:
        """What becomes known of an event; None where nothing ever does."""
        if dice.chance(self.unreported):
            return None
        time = event.event_time + dice.delay(self.hours * HOUR, self.sigma)
        return Label(event.event_id, event.user_id, self.label, time, self.source)


@dataclass(frozen=True, slots=True)
class Scenario:
    """One kind of abuse."""

    name: str
    share: float
    """Of all abusive events."""
    report: Report
    incident: Callable[[Scene, int], Iterator[Deed]]
    """Plays an incident that begins at a time; its deeds are not in order of time."""


SCENARIOS: Final = (
    Scenario("account_takeover", 0.22, Report("fraud", "user_report", 20, 0.9, 0.08), theft.account_takeover),
    Scenario("card_testing", 0.20, Report("fraud", "chargeback", 96, 0.6, 0.2), theft.card_testing),
    Scenario("new_account_fraud", 0.16, Report("fraud", "chargeback", 140, 0.5, 0.12), theft.new_account_fraud),
    Scenario("refund_abuse", 0.10, Report("abuse", "analyst", 60, 0.7, 0.15), manipulation.refund_abuse),
    Scenario("brushing", 0.12, Report("abuse", "analyst", 48, 0.8, 0.2), manipulation.brushing),
    Scenario("malicious_reviews", 0.06, Report("abuse", "user_report", 30, 0.8, 0.15), manipulation.malicious_reviews),
    Scenario("click_fraud", 0.14, Report("abuse", "analyst", 12, 0.8, 0.15), manipulation.click_fraud),
)
CLEARED: Final = Report("legitimate", "analyst", 7, 0.8, 0.0)
"""An honest event that looked odd enough to be reviewed."""
