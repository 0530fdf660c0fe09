"""Abuse of the platform: refunds as a habit, bought and malicious reviews, clicks that nobody meant."""

from collections.abc import Iterator

from dataflows.simulator.abuse.scene import Deed, Scene
from dataflows.simulator.catalogue import CHEAP, WANTED, Merchant
from dataflows.simulator.dice import DAY, HOUR
from dataflows.simulator.habits import CAMPAIGNS
from dataflows.simulator.people import priced
from dataflows.simulator.reviews import review_text
from dataflows.simulator.storefront import Order, Visit

SECOND = 1_000


def refund_abuse(scene: Scene, now: int) -> Iterator[Deed]:
    """A customer like others who, for some weeks, wants the money back for nearly everything, and soon."""
    dice, storefront, person = scene.dice, scene.storefront, scene.somebody()
    time = now
    for _ in range(dice.between(3, 8)):
        visit = person.visit(dice, time, dice.pick(person.devices))
        order = priced(dice, storefront, person.favourites.draw(dice), person.country, person.spend)
        yield Deed(storefront.payment(time, visit, order, dice.pick(person.cards)), abusive=False)
        if dice.chance(0.85):
            later = time + dice.delay(2.5 * DAY, 0.9)
            back = person.visit(dice, later, dice.pick(person.devices))
            yield Deed(storefront.refund(later, back, order, approved=dice.chance(0.85)))
        time += dice.delay(2.5 * DAY, 0.7)


def brushing(scene: Scene, now: int) -> Iterator[Deed]:
    """A little-known merchant has its own cheap goods bought and praised by accounts on shared devices."""
    merchant = scene.catalogue.obscure_merchant(scene.dice, CHEAP.draw(scene.dice))
    yield from _opinions(scene, now, merchant, good=True, bought=1.0)


def malicious_reviews(scene: Scene, now: int) -> Iterator[Deed]:
    """A competitor has a well-known merchant slandered, mostly without buying anything."""
    merchant = scene.catalogue.merchant(scene.dice, WANTED.draw(scene.dice))
    yield from _opinions(scene, now, merchant, good=False, bought=0.35)


def _opinions(scene: Scene, now: int, merchant: Merchant, good: bool, bought: float) -> Iterator[Deed]:
    dice, storefront, country = scene.dice, scene.storefront, scene.country()
    devices, cards = scene.devices(dice.between(3, 10)), [scene.card() for _ in range(dice.between(4, 12))]
    language = "zh" if country.code == "CN" else "en"
    for _ in range(dice.between(6, 16)):
        visit = scene.some(devices, country, scene.account())
        time = now + dice.delay(20 * HOUR, 0.9)
        order = Order("", merchant, 0, "")
        if dice.chance(bought):
            order = priced(dice, storefront, merchant, country, 0.8)
            yield Deed(storefront.payment(time, visit, order, dice.pick(cards)))
            time += dice.delay(1.5 * DAY, 0.8)
        stars = dice.between(4, 5) if good else dice.between(1, 2)
        text = review_text(dice, stars, merchant.category.name, language)
        yield Deed(storefront.review(time, visit, order, stars, text))


def click_fraud(scene: Scene, now: int) -> Iterator[Deed]:
    """Bots on few devices and addresses click one merchant's advertisements, and never buy."""
    dice, country = scene.dice, scene.country()
    merchant, campaign = scene.catalogue.merchant(dice, WANTED.draw(dice)), dice.pick(CAMPAIGNS)
    devices = scene.devices(dice.between(4, 10))
    bots: list[Visit] = [scene.some(devices, country, scene.account()) for _ in range(dice.between(4, 10))]
    time = now
    for _ in range(dice.between(20, 70)):
        time += dice.delay(90 * SECOND, 1.5)
        yield Deed(scene.storefront.ad_click(time, dice.pick(bots), merchant, campaign))
