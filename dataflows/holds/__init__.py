"""A kit for services that obey a policy's actions: `HoldTable` keeps the holds, `consume` applies the topic to it."""

from dataflows.holds.applying import Change
from dataflows.holds.consumer import consume
from dataflows.holds.database import UnavailableError
from dataflows.holds.table import HoldTable, Totals
from operators.holds import Hold, Refusal

__all__ = ["Change", "Hold", "HoldTable", "Refusal", "Totals", "UnavailableError", "consume"]
