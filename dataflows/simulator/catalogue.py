"""What is sold, and by whom."""

from dataclasses import dataclass
from typing import Final

from dataflows.simulator.dice import Dice, Weighted, zipf


@dataclass(frozen=True, slots=True)
class Category:
    """A kind of goods; prices are log-normal about a median in euros."""

    name: str
    median: float
    sigma: float
    share: float
    appeal: float
    """How much likelier a thief buys here than an honest customer."""


@dataclass(frozen=True, slots=True)
class Merchant:
    """A seller on the platform."""

    merchant_id: str
    category: Category
    price: float
    """How dear it is among its like, 1 for the usual."""


CATEGORIES: Final = (
    Category("groceries", 38, 0.6, 0.17, 0.4),
    Category("fashion", 52, 0.7, 0.16, 0.9),
    Category("electronics", 120, 0.9, 0.12, 1.8),
    Category("books", 17, 0.5, 0.08, 0.4),
    Category("beauty", 27, 0.6, 0.09, 0.8),
    Category("home", 64, 0.8, 0.10, 0.7),
    Category("toys", 29, 0.6, 0.06, 0.6),
    Category("sports", 48, 0.7, 0.06, 0.9),
    Category("games", 19, 0.8, 0.08, 1.3),
    Category("gift_cards", 42, 0.6, 0.03, 2.5),
    Category("jewellery", 105, 0.9, 0.02, 2.5),
    Category("travel", 190, 0.8, 0.03, 1.2),
)
WANTED: Final = Weighted((category, category.share) for category in CATEGORIES)
"""Categories as honest people want them."""
STOLEN: Final = Weighted((category, category.share * category.appeal) for category in CATEGORIES)
"""Categories as thieves want them: what sells again."""
CHEAP: Final = Weighted((category, category.share) for category in CATEGORIES if category.median < 45)


class Catalogue:
    """The platform's merchants, a few known to all and many to few."""

    def __init__(self, dice: Dice, merchants: int) -> None:
        self._by_category: dict[str, Weighted[Merchant]] = {}
        for category in CATEGORIES:
            count = max(3, round(merchants * category.share))
            self._by_category[category.name] = zipf(self._merchant(dice, category) for _ in range(count))

    @staticmethod
    def _merchant(dice: Dice, category: Category) -> Merchant:
        return Merchant(f"m-{dice.getrandbits(40):010x}", category, dice.log_normal(1.0, 0.2))

    def merchant(self, dice: Dice, category: Category) -> Merchant:
        """A merchant of a category, by popularity."""
        return self._by_category[category.name].draw(dice)

    def obscure_merchant(self, dice: Dice, category: Category) -> Merchant:
        """A merchant of a category from the less popular half."""
        merchants = self._by_category[category.name].items
        return merchants[dice.between(len(merchants) // 2, len(merchants) - 1)]
