"""What honest people do in the shop, the odd things included that honest people do."""

from collections.abc import Iterator
from typing import Final

from contracts.events import Event
from dataflows.simulator.catalogue import WANTED, Catalogue, Merchant
from dataflows.simulator.dice import DAY, HOUR, MINUTE, Dice, Weighted
from dataflows.simulator.people import Journey, Person, priced
from dataflows.simulator.places import COUNTRIES
from dataflows.simulator.reviews import review_text
from dataflows.simulator.storefront import Order, Storefront, Visit

SECOND: Final = 1_000
STARS: Final = Weighted([(5, 0.52), (4, 0.20), (3, 0.10), (2, 0.06), (1, 0.12)])
CHANGES: Final = Weighted([("password", 0.4), ("address", 0.3), ("email", 0.15), ("phone", 0.15)])
CAMPAIGNS: Final = tuple(f"cmp-{number:03d}" for number in range(1, 41))

DECLINED = 0.05
REVIEWED = 0.13
REFUNDED = 0.06


class Habits:
    """Turns a person's visit into events."""

    def __init__(self, dice: Dice, catalogue: Catalogue, storefront: Storefront) -> None:
        self._dice = dice
        self._catalogue = catalogue
        self._storefront = storefront

    def visit(self, person: Person, now: int) -> Iterator[Event]:
        """The events of a visit that begins now, and those that follow from it days later; not in order of time."""
        dice = self._dice
        if dice.chance(0.01):
            person.journey = Journey(COUNTRIES.draw(dice), now + dice.delay(6 * DAY, 0.5))
        visit = person.visit(dice, now, self._device(person))
        time = now
        if dice.chance(0.75):
            for event in self._sign_in(visit, time):
                time = event.event_time + dice.delay(20 * SECOND, 0.8)
                yield event
        if dice.chance(0.015):
            yield self._storefront.account_change(time, visit, CHANGES.draw(dice))
            time += dice.delay(MINUTE, 0.6)
        while dice.chance(0.25):
            yield self._storefront.ad_click(time, visit, self._merchant(person), dice.pick(CAMPAIGNS))
            time += dice.delay(40 * SECOND, 0.9)
        if dice.chance(0.015):  # an opinion of something bought elsewhere
            order = Order("", self._merchant(person), 0, "")
            yield self._review(person, visit, order, time, STARS.draw(dice))
        while dice.chance(0.4):
            time += dice.delay(4 * MINUTE, 0.9)
            yield from self._purchase(person, visit, time)

    def recovery(self, person: Person, now: int) -> Iterator[Event]:
        """The owner comes back to an account that somebody had taken, and changes the password."""
        visit = person.visit(self._dice, now, self._dice.pick(person.devices))
        yield from self._sign_in(visit, now)
        yield self._storefront.account_change(now + self._dice.delay(3 * MINUTE, 0.5), visit, "password")

    def _device(self, person: Person) -> str:
        dice, luck = self._dice, self._dice.random()
        if luck < 0.08:  # a private window, or somebody else's computer
            return self._storefront.opaque_id("d")
        if luck < 0.095:
            person.gain_device(self._storefront.opaque_id("d"))
        return person.devices[0] if dice.chance(0.7) else dice.pick(person.devices)

    def _sign_in(self, visit: Visit, time: int) -> Iterator[Event]:
        while self._dice.chance(0.08):
            yield self._storefront.login(time, visit, success=False)
            time += self._dice.delay(15 * SECOND, 0.6)
        yield self._storefront.login(time, visit)

    def _merchant(self, person: Person) -> Merchant:
        dice, luck = self._dice, self._dice.random()
        if luck < 0.6:
            return person.favourites.draw(dice)
        return self._catalogue.merchant(dice, dice.pick(person.tastes) if luck < 0.75 else WANTED.draw(dice))

    def _card(self, person: Person) -> str:
        dice, luck = self._dice, self._dice.random()
        if luck < 0.1:  # a card number made for one purchase, or somebody else's card
            return self._storefront.opaque_id("c")
        if luck < 0.115:
            person.gain_card(self._storefront.opaque_id("c"))
        return person.cards[0] if dice.chance(0.75) else dice.pick(person.cards)

    def _purchase(self, person: Person, visit: Visit, time: int) -> Iterator[Event]:
        dice, storefront = self._dice, self._storefront
        generous = 1.8 if dice.chance(0.04) else 1.0  # a gift
        merchant = self._merchant(person)
        order = priced(dice, storefront, merchant, person.country, person.spend * generous)
        while dice.chance(DECLINED):
            yield storefront.payment(time, visit, order, self._card(person), approved=False)
            time += dice.delay(MINUTE, 0.7)
            if dice.chance(0.3):
                return
        yield storefront.payment(time, visit, order, self._card(person))
        yield from self._afterwards(person, order, time)

    def _afterwards(self, person: Person, order: Order, time: int) -> Iterator[Event]:
        dice = self._dice
        unhappy = dice.chance(REFUNDED)
        if unhappy:
            later = time + dice.delay(5 * DAY, 0.9) + HOUR
            yield self._storefront.refund(later, self._later(person, later), order, approved=dice.chance(0.93))
        if dice.chance(REVIEWED):
            later = time + dice.delay(6 * DAY, 0.7) + HOUR
            stars = dice.between(1, 3) if unhappy else STARS.draw(dice)
            yield self._review(person, self._later(person, later), order, later, stars)

    def _review(self, person: Person, visit: Visit, order: Order, time: int, stars: int) -> Event:
        text = review_text(self._dice, stars, order.merchant.category.name, person.language)
        return self._storefront.review(time, visit, order, stars, text)

    def _later(self, person: Person, time: int) -> Visit:
        return person.visit(self._dice, time, self._dice.pick(person.devices))
