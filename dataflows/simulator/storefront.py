"""What happens in the shop, written down as events."""

from typing import Any, Final, NamedTuple

from contracts.events import AMOUNT_SCALE, Event
from dataflows.simulator.catalogue import Merchant
from dataflows.simulator.dice import Dice

_CENT: Final = AMOUNT_SCALE // 100
_SCRAMBLE: Final = 0x9E3779B97F4A7C15
"""Odd, so that multiplying by it modulo 2^64 gives every number another: ids look drawn, and none comes twice."""


class Visit(NamedTuple):
    """Who is in the shop, with what and from where."""

    user_id: str
    device_id: str
    ip: str
    country: str


class Order(NamedTuple):
    """What was ordered."""

    order_id: str
    merchant: Merchant
    cents: int
    currency: str


class Storefront:
    """Numbers and records what visitors do."""

    def __init__(self, dice: Dice) -> None:
        self._next = dice.getrandbits(62)

    def opaque_id(self, prefix: str) -> str:
        """An id that tells nothing and was never given before."""
        self._next += 1
        return f"{prefix}-{self._next * _SCRAMBLE & 0xFFFFFFFFFFFFFFFF:016x}"

    def order(self, merchant: Merchant, cents: int, currency: str) -> Order:
        """A new order."""
        return Order(self.opaque_id("o"), merchant, max(cents, 50), currency)

    def login(self, time: int, visit: Visit, success: bool = True) -> Event:
        """An attempt to sign in."""
        return self._event("login", time, visit, outcome="success" if success else "failure")

    def account_change(self, time: int, visit: Visit, what: str) -> Event:
        """A change of the account's email, password, address or phone."""
        return self._event("account_change", time, visit, category=what, outcome="success")

    def ad_click(self, time: int, visit: Visit, merchant: Merchant, campaign: str) -> Event:
        """A click on a merchant's advertisement."""
        return self._event(
            "ad_click", time, visit, merchant_id=merchant.merchant_id, category=merchant.category.name,
            attributes={"campaign": campaign},
        )  # fmt: skip

    def payment(self, time: int, visit: Visit, order: Order, card_id: str, approved: bool = True) -> Event:
        """An attempt to pay an order."""
        outcome = "approved" if approved else "declined"
        return self._money("payment", time, visit, order, card_id=card_id, outcome=outcome)

    def refund(self, time: int, visit: Visit, order: Order, approved: bool = True) -> Event:
        """A request for an order's money back."""
        return self._money("refund", time, visit, order, outcome="approved" if approved else "declined")

    def review(self, time: int, visit: Visit, order: Order, stars: int, text: str) -> Event:
        """An opinion of an order's merchant."""
        merchant = order.merchant
        return self._event(
            "review", time, visit, order_id=order.order_id, merchant_id=merchant.merchant_id,
            category=merchant.category.name, text=text, attributes={"stars": float(stars)},
        )  # fmt: skip

    def _money(self, event_type: str, time: int, visit: Visit, order: Order, **fields: Any) -> Event:
        merchant = order.merchant
        return self._event(
            event_type, time, visit, order_id=order.order_id, amount=order.cents * _CENT, currency=order.currency,
            merchant_id=merchant.merchant_id, category=merchant.category.name, **fields,
        )  # fmt: skip

    def _event(self, event_type: str, time: int, visit: Visit, **fields: Any) -> Event:
        return Event(
            self.opaque_id("e"), event_type, time, visit.user_id,
            device_id=visit.device_id, ip=visit.ip, country=visit.country, **fields,
        )  # fmt: skip
