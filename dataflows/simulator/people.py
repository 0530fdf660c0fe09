"""Honest people and their habits."""

from dataclasses import dataclass

from dataflows.simulator.catalogue import WANTED, Catalogue, Category, Merchant
from dataflows.simulator.dice import DAY, HOUR, MINUTE, Dice, Weighted, zipf
from dataflows.simulator.places import COUNTRIES, Country
from dataflows.simulator.storefront import Order, Storefront, Visit

_MOST_DEVICES = 3
_MOST_CARDS = 3
_HOUSEHOLDS = 0.3
"""The share of people who share a home with somebody who was here before."""


@dataclass(slots=True)
class Journey:
    """A stay in another country."""

    country: Country
    until: int


@dataclass(slots=True)
class Person:
    """Somebody's habits and belongings. Times of day are local, gaps are in milliseconds."""

    user_id: str
    country: Country
    language: str
    hour: float
    """The hour of the day that suits best."""
    weekend: float
    """How much likelier a visit is on a Saturday or Sunday."""
    gap: float
    """The mean time between visits."""
    spend: float
    """How much dearer than usual this person buys."""
    tastes: tuple[Category, Category]
    favourites: Weighted[Merchant]
    devices: list[str]
    cards: list[str]
    home_ip: str
    journey: Journey | None = None

    def next_visit(self, dice: Dice, now: int) -> int:
        """When this person comes next: the rhythm of the week, then the hour of the day."""
        day = (now + self.country.offset + int(dice.expovariate(1.0) * self.gap)) // DAY
        while not dice.chance(self._liking(day)):
            day += 1
        hour = dice.gauss(self.hour, 2.8) % 24 if dice.chance(0.85) else 24 * dice.random()
        time = day * DAY + int(hour * HOUR) - self.country.offset
        return time if time > now else now + dice.delay(90 * MINUTE, 0.8)

    def _liking(self, day: int) -> float:
        weekday = (day + 3) % 7  # day 0 of the epoch was a Thursday
        return min(1.0, 0.6 * self.weekend) if weekday >= 5 else 0.6

    def visit(self, dice: Dice, now: int, device: str) -> Visit:
        """This person in the shop: at home, on the move, behind a gateway, or abroad."""
        if self.journey is not None and now < self.journey.until:
            country = self.journey.country
            ip = country.mobile_ip(dice) if dice.chance(0.6) else country.hosting_ip(dice)
            return Visit(self.user_id, device, ip, country.code)
        where = dice.random()
        country = self.country
        ip = self.home_ip if where < 0.55 else country.mobile_ip(dice) if where < 0.92 else country.hosting_ip(dice)
        return Visit(self.user_id, device, ip, country.code)

    def gain_device(self, device: str) -> None:
        """A new device comes to stay; the oldest may go."""
        self.devices = [device, *self.devices][:_MOST_DEVICES]

    def gain_card(self, card: str) -> None:
        """A new card comes to stay; the oldest may go."""
        self.cards = [card, *self.cards][:_MOST_CARDS]


class Population:
    """The people who ever came to the shop, and how new ones are."""

    def __init__(self, dice: Dice, catalogue: Catalogue, storefront: Storefront) -> None:
        self.people: list[Person] = []
        self._dice = dice
        self._catalogue = catalogue
        self._storefront = storefront

    def newcomer(self) -> Person:
        """One more person."""
        dice, new = self._dice, self._storefront.opaque_id
        country = COUNTRIES.draw(dice)
        tastes = (WANTED.draw(dice), WANTED.draw(dice))
        person = Person(
            user_id=new("u"),
            country=country,
            language="zh" if country.code == "CN" or dice.chance(0.02) else "en",
            hour=dice.gauss(19.0, 3.5) % 24,
            weekend=0.7 + 0.9 * dice.random(),
            gap=dice.delay(1.6 * DAY, 0.8),
            spend=dice.log_normal(1.0, 0.3),
            tastes=tastes,
            favourites=zipf(self._catalogue.merchant(dice, dice.pick(tastes)) for _ in range(5)),
            devices=[new("d") for _ in range(1 + dice.chance(0.45) + dice.chance(0.1))],
            cards=[new("c") for _ in range(1 + dice.chance(0.35))],
            home_ip=country.home_ip(dice),
        )
        if self.people and dice.chance(_HOUSEHOLDS):
            self._move_in(person, dice.pick(self.people))
        self.people.append(person)
        return person

    def _move_in(self, person: Person, other: Person) -> None:
        """A household has one address, a device on the sofa, and perhaps one purse."""
        person.country, person.language, person.home_ip = other.country, other.language, other.home_ip
        person.devices = [*person.devices[:2], other.devices[0]]
        if self._dice.chance(0.5):
            person.cards = [other.cards[0]]


def priced(dice: Dice, storefront: Storefront, merchant: Merchant, country: Country, spend: float) -> Order:
    """An order at a merchant, at a price of its category, in the money of the customer's country."""
    category = merchant.category
    euros = dice.log_normal(category.median, category.sigma) * merchant.price * spend
    return storefront.order(merchant, int(100 * euros * country.price), country.currency)
