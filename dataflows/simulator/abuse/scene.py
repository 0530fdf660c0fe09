"""Where abuse plays: the honest shop, and what wrongdoers have at hand."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from contracts.events import Event
from dataflows.simulator.catalogue import STOLEN, WANTED, Catalogue, Category
from dataflows.simulator.dice import Dice
from dataflows.simulator.habits import Habits
from dataflows.simulator.people import Person, Population
from dataflows.simulator.places import COUNTRIES, Country
from dataflows.simulator.storefront import Storefront, Visit

_REMEMBERED = 40


class Deed(NamedTuple):
    """An event of an incident; an honest one may be part of it, such as a victim's return."""

    event: Event
    abusive: bool = True


class Scene:
    """The shop as a wrongdoer sees it. Devices are used again, addresses are shared with honest people."""

    def __init__(
        self, dice: Dice, catalogue: Catalogue, storefront: Storefront, population: Population, habits: Habits
    ) -> None:
        self.dice = dice
        self.catalogue = catalogue
        self.storefront = storefront
        self.habits = habits
        self._population = population
        self._devices: list[str] = []

    def somebody(self) -> Person:
        """Any honest person."""
        return self.dice.pick(self._population.people)

    def country(self) -> Country:
        """Where to seem to be."""
        return COUNTRIES.draw(self.dice)

    def device(self) -> str:
        """A device of the trade, old or new."""
        if self._devices and self.dice.chance(0.2):
            return self.dice.pick(self._devices)
        self._devices = [self.storefront.opaque_id("d"), *self._devices][:_REMEMBERED]
        return self._devices[0]

    def devices(self, count: int) -> list[str]:
        """Several of them."""
        return [self.device() for _ in range(count)]

    def ip(self, country: Country) -> str:
        """An address to hide behind: a mobile network's, a household's computer that obeys, a data centre's."""
        luck = self.dice.random()
        if luck < 0.5:
            return country.mobile_ip(self.dice)
        return country.home_ip(self.dice) if luck < 0.75 else country.hosting_ip(self.dice)

    def account(self) -> str:
        """An account to act with: opened for it, or an honest person's that was bought or broken into."""
        return self.somebody().user_id if self.dice.chance(0.45) else self.storefront.opaque_id("u")

    def card(self) -> str:
        """A stolen card; the shop may know it already from its owner."""
        return self.dice.pick(self.somebody().cards) if self.dice.chance(0.4) else self.storefront.opaque_id("c")

    def loot(self) -> Category:
        """What to buy: mostly what sells again."""
        return (STOLEN if self.dice.chance(0.65) else WANTED).draw(self.dice)

    def sign_in(self, time: int, visit: Visit, fails: float) -> Iterator[Deed]:
        """Guesses at a password, then the right one."""
        while self.dice.chance(fails):
            yield Deed(self.storefront.login(time, visit, success=False))
            time += self.dice.delay(15_000, 0.8)
        yield Deed(self.storefront.login(time, visit))

    def some(self, items: Sequence[str], country: Country, account: str) -> Visit:
        """A visit with one of the devices and a fresh address."""
        return Visit(account, self.dice.pick(items), self.ip(country), country.code)
