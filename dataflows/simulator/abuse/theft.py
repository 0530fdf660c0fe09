"""Fraud with other people's money: accounts taken over, cards tested, accounts opened to steal."""

from collections.abc import Iterator

from dataflows.simulator.abuse.scene import Deed, Scene
from dataflows.simulator.catalogue import CHEAP
from dataflows.simulator.dice import HOUR, MINUTE
from dataflows.simulator.habits import CAMPAIGNS, CHANGES
from dataflows.simulator.people import priced
from dataflows.simulator.storefront import Visit


def account_takeover(scene: Scene, now: int) -> Iterator[Deed]:
    """Guessed passwords, a sign-in from elsewhere, changed credentials, and goods on the victim's cards."""
    dice, storefront, victim = scene.dice, scene.storefront, scene.somebody()
    country = victim.country if dice.chance(0.6) else scene.country()
    device = dice.pick(victim.devices) if dice.chance(0.3) else scene.device()
    visit = Visit(victim.user_id, device, scene.ip(country), country.code)
    time = now
    for deed in scene.sign_in(now, visit, fails=0.4):
        time = deed.event.event_time + dice.delay(MINUTE, 0.8)
        yield deed
    while dice.chance(0.4):
        yield Deed(storefront.account_change(time, visit, CHANGES.draw(dice)))
        time += dice.delay(5 * MINUTE, 1.0)
    for _ in range(dice.between(1, 4)):
        time += dice.delay(20 * MINUTE, 1.3)
        merchant = scene.catalogue.merchant(dice, scene.loot())
        order = priced(dice, storefront, merchant, victim.country, 1.25 * victim.spend)
        yield Deed(storefront.payment(time, visit, order, dice.pick(victim.cards), approved=not dice.chance(0.15)))
    if dice.chance(0.85):
        yield from (Deed(event, False) for event in scene.habits.recovery(victim, time + dice.delay(22 * HOUR, 0.8)))


def card_testing(scene: Scene, now: int) -> Iterator[Deed]:
    """Many cards tried with small sums from few devices, most of them refused; then something dear with a good one."""
    dice, storefront, country = scene.dice, scene.storefront, scene.country()
    devices, accounts = scene.devices(dice.between(1, 4)), [scene.account() for _ in range(dice.between(1, 4))]
    visits = [scene.some(devices, country, account) for account in accounts]
    time = now
    for visit in visits:
        yield from scene.sign_in(time, visit, fails=0.1)
        time += dice.delay(3 * MINUTE, 0.8)
    good = [scene.card()]
    for _ in range(dice.between(4, 14)):
        card, visit = scene.card(), dice.pick(visits)
        merchant = scene.catalogue.merchant(dice, CHEAP.draw(dice))
        order = priced(dice, storefront, merchant, country, 0.55)
        for _ in range(dice.between(1, 3)):
            time += dice.delay(9 * MINUTE, 1.4)
            approved = dice.chance(0.6)
            yield Deed(storefront.payment(time, visit, order, card, approved))
            if approved:
                good.append(card)
                break
    for _ in range(dice.between(1, 4)):
        time += dice.delay(40 * MINUTE, 1.0)
        order = priced(dice, storefront, scene.catalogue.merchant(dice, scene.loot()), country, 1.5)
        yield Deed(storefront.payment(time, dice.pick(visits), order, dice.pick(good), dice.chance(0.8)))


def new_account_fraud(scene: Scene, now: int) -> Iterator[Deed]:
    """A ring of fresh accounts on shared devices and cards that buys dear things early."""
    dice, storefront, country = scene.dice, scene.storefront, scene.country()
    devices, cards = scene.devices(dice.between(1, 6)), [scene.card() for _ in range(dice.between(2, 8))]
    for _ in range(dice.between(2, 6)):
        visit = scene.some(devices, country, storefront.opaque_id("u"))
        time = now + dice.delay(30 * HOUR, 1.0)
        yield from scene.sign_in(time, visit, fails=0.05)
        if dice.chance(0.3):
            merchant = scene.catalogue.merchant(dice, scene.loot())
            yield Deed(storefront.ad_click(time + dice.delay(MINUTE, 0.5), visit, merchant, dice.pick(CAMPAIGNS)))
        if dice.chance(0.35):
            yield Deed(storefront.account_change(time + dice.delay(2 * MINUTE, 0.5), visit, CHANGES.draw(dice)))
        for _ in range(dice.between(1, 6)):
            time += dice.delay(6 * HOUR, 1.5)
            order = priced(dice, storefront, scene.catalogue.merchant(dice, scene.loot()), country, 1.3)
            yield Deed(storefront.payment(time, visit, order, dice.pick(cards), not dice.chance(0.15)))
