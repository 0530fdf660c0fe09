"""Records into a table, as a consumer would bring them."""

from collections.abc import Sequence

from dataflows.connectors.base import InputRecord
from dataflows.holds import HoldTable, Totals
from dataflows.holds.table import OnChange, Place

PLACE = Place("kafka://k:1", "policy-actions", 0)


def feed(table: HoldTable, values: Sequence[bytes], on_change: OnChange | None = None) -> Totals:
    """Apply what comes next in the one partition."""
    before = table.position(PLACE)
    first = before or 0
    records = [InputRecord(offset, None, None, value) for offset, value in enumerate(values, first)]
    return table.apply(PLACE, before, records, first + len(values), on_change)
