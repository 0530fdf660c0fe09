"""Where people are: countries with their money, clocks and addresses."""

from dataclasses import dataclass
from typing import Final

from dataflows.simulator.dice import HOUR, Dice, Weighted


@dataclass(frozen=True, slots=True)
class Country:
    """A country; its addresses lie in 16 blocks of 10.0.0.0/8, which is nobody's in the public network."""

    code: str
    currency: str
    offset: int
    """Milliseconds that its clocks are ahead of UTC, the whole year."""
    price: float
    """What a euro's worth costs there in its currency."""
    block: int

    def home_ip(self, dice: Dice) -> str:
        """A household's address."""
        return f"10.{self.block + dice.below(15)}.{1 + dice.below(254)}.{1 + dice.below(254)}"

    def mobile_ip(self, dice: Dice) -> str:
        """One of the few addresses behind which a mobile network puts everybody."""
        return f"10.{self.block}.0.{1 + dice.below(60)}"

    def hosting_ip(self, dice: Dice) -> str:
        """A data centre's address: a company's gateway, a traveller's VPN, a bot."""
        return f"10.{self.block + 15}.{dice.below(4)}.{1 + dice.below(100)}"


_TABLE: Final = (
    ("US", "USD", -6, 1.05, 19), ("DE", "EUR", 1, 1.0, 16), ("CN", "CNY", 8, 5.2, 16), ("FR", "EUR", 1, 1.0, 12),
    ("GB", "GBP", 0, 0.88, 12), ("ES", "EUR", 1, 0.9, 7), ("IT", "EUR", 1, 0.95, 7), ("PL", "PLN", 1, 3.3, 5),
    ("CA", "CAD", -5, 1.4, 4), ("BR", "BRL", -3, 3.6, 2),
)  # fmt: skip
_WEIGHTED: Final = [
    (Country(code, currency, offset * HOUR, price, 16 * number), share)
    for number, (code, currency, offset, price, share) in enumerate(_TABLE)
]
COUNTRIES: Final = Weighted(_WEIGHTED)
"""Countries by their share of the shop's people."""
