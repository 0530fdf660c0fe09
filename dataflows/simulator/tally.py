"""Counts of what a simulated shop told, by scenario."""

from collections import Counter
from collections.abc import Sequence

from contracts.events import Label
from dataflows.simulator.outlets import Told

HONEST = ""


class Tally:
    """How many events, payments and labels there were, by scenario; HONEST names none."""

    def __init__(self) -> None:
        self.events: Counter[str] = Counter()
        self.payments: Counter[str] = Counter()
        self.labels: Counter[str] = Counter()
        self._abusive: dict[str, str] = {}

    def tell(self, batch: Sequence[Told]) -> None:
        """Counts a batch."""
        for told in batch:
            if isinstance(told, Label):
                self.labels[self._abusive.get(told.event_id, HONEST)] += 1
                continue
            event, scenario = told
            self.events[scenario] += 1
            self.payments[scenario] += event.event_type == "payment"
            if scenario:
                self._abusive[event.event_id] = scenario
