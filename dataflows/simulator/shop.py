"""The simulated shop: a discrete-event simulation that tells what happens in order of time."""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from math import inf
from typing import NamedTuple

from contracts.events import Event, Label
from dataflows.simulator.abuse.scenarios import CLEARED, SCENARIOS, Scenario
from dataflows.simulator.abuse.scene import Scene
from dataflows.simulator.catalogue import Catalogue
from dataflows.simulator.dice import DAY, HOUR, Dice
from dataflows.simulator.habits import Habits
from dataflows.simulator.people import Person, Population
from dataflows.simulator.storefront import Storefront

_NEWCOMERS = 0.12
"""The share of the people who come to the shop for the first time while it is watched."""
_REVIEWED = 0.006
"""The share of honest payments, refunds and reviews that somebody looks into."""
_PEOPLE_PER_MERCHANT = 12
_FIRST = 8
"""The length of the incidents that one imagines before the first, so that the first comes early."""

_REPORTS = {scenario.name: scenario.report for scenario in SCENARIOS}


@dataclass(frozen=True, slots=True)
class ShopSettings:
    """What to simulate; the same settings give the same events and labels, to the byte."""

    users: int = 5_000
    days: int = 30
    seed: int = 0
    start: int = 1_767_225_600_000
    """Epoch milliseconds; 2026-01-01."""
    abuse: float = 0.02
    """The share of events that are abusive."""


class Occurrence(NamedTuple):
    """Something that happened, and the name of the scenario that it is abuse of; empty where it is honest."""

    event: Event
    scenario: str


class Shop:
    """A shop with its people and its wrongdoers."""

    def __init__(self, settings: ShopSettings) -> None:
        self._settings = settings
        self._end = settings.start + settings.days * DAY
        self._dice = dice = Dice(f"{settings.seed}/honest")
        self._darkness = Dice(f"{settings.seed}/abuse")
        storefront = Storefront(dice)
        catalogue = Catalogue(dice, settings.users // _PEOPLE_PER_MERCHANT)
        self._population = Population(dice, catalogue, storefront)
        self._habits = Habits(dice, catalogue, storefront)
        self._scene = Scene(self._darkness, catalogue, storefront, self._population, self._habits)
        self._agenda: list[tuple[int, int, Person | Occurrence | Label | None]] = []
        self._entered = 0
        self._told = 0
        self._offences = [
            (self._darkness.random() * self._pause(scenario, _FIRST), number)
            for number, scenario in enumerate(SCENARIOS)
        ]
        heapq.heapify(self._offences)

    def stream(self) -> Iterator[Occurrence | Label]:
        """Everything that happens and everything that becomes known, in order of time; can be told once.

        Events end with the last day; what becomes known of them is told to its end.
        """
        self._open()
        while self._agenda:
            now, _, entry = heapq.heappop(self._agenda)
            if isinstance(entry, Label):
                yield entry
            elif now >= self._end:
                continue
            elif isinstance(entry, Occurrence):
                yield entry
                self._told += 1
                self._find_out(entry)
                self._offend(now)
            else:
                self._visit(entry or self._population.newcomer(), now)

    def _open(self) -> None:
        start, dice = self._settings.start, self._dice
        newcomers = round(_NEWCOMERS * self._settings.users)
        for _ in range(self._settings.users - newcomers):
            person = self._population.newcomer()
            self._enter(person.next_visit(dice, start), person)
        for _ in range(newcomers):
            self._enter(start + int(dice.random() * (self._end - start)), None)

    def _enter(self, time: int, entry: Person | Occurrence | Label | None) -> None:
        self._entered += 1
        heapq.heappush(self._agenda, (time, self._entered, entry))

    def _visit(self, person: Person, now: int) -> None:
        for event in self._habits.visit(person, now):
            self._enter(event.event_time, Occurrence(event, ""))
        self._enter(person.next_visit(self._dice, now), person)

    def _find_out(self, occurrence: Occurrence) -> None:
        event, scenario = occurrence
        report = None
        if scenario:
            report = _REPORTS[scenario]
        elif event.event_type in ("payment", "refund", "review") and self._dice.chance(_REVIEWED):
            report = CLEARED
        if report and (label := report.label_of(self._darkness if scenario else self._dice, event)):
            self._enter(label.label_time, label)

    def _offend(self, now: int) -> None:
        """Incidents begin whenever so much has happened that their share of it is due."""
        while self._told >= self._offences[0][0]:
            _, number = self._offences[0]
            scenario = SCENARIOS[number]
            abusive = 0
            for deed in scenario.incident(self._scene, now + int(self._darkness.random() * 2 * HOUR)):
                self._enter(deed.event.event_time, Occurrence(deed.event, scenario.name if deed.abusive else ""))
                abusive += deed.abusive
            heapq.heapreplace(self._offences, (self._told + self._pause(scenario, abusive), number))

    def _pause(self, scenario: Scenario, abusive: float) -> float:
        """After how many events the share of a scenario allows for so many abusive ones again."""
        if not self._settings.abuse:
            return inf
        return abusive / (scenario.share * self._settings.abuse) * (0.5 + self._darkness.random())
