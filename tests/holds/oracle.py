"""What a topic makes of holds, said once more and naively: chains of records, each at most once."""

import json
from collections.abc import Iterable
from typing import Any, NamedTuple

from dataflows.holds import Hold, HoldTable
from dataflows.holds.rows import read_holds
from tests.holds.actions import ENDS


class Picture(NamedTuple):
    """All that the tables hold but positions."""

    chains: dict[str, list[str]]
    """The transitions' ids by hold."""
    latest: dict[str, tuple[str, str, str]]
    """By hold: its latest transition's id, action and status."""
    pending: set[str]
    refused: set[bytes]


def expected(logs: Iterable[Iterable[bytes]]) -> Picture:
    """Of partitions' records, each in their order."""
    chains: dict[str, list[dict[str, Any]]] = {}
    refused: set[bytes] = set()
    for value in (value for log in logs for value in log):
        if value in refused:
            continue
        try:
            record = json.loads(value)
        except ValueError:
            refused.add(value)
            continue
        if any(record["action_id"] == one["action_id"] for chain in chains.values() for one in chain):
            continue
        if not _goes_on(chains, record):
            refused.add(value)
    return Picture(
        {hold: [one["action_id"] for one in chain] for hold, chain in chains.items()},
        {hold: (chain[-1]["action_id"], chain[-1]["action"], chain[-1]["status"]) for hold, chain in chains.items()},
        {hold for hold, chain in chains.items() if _is_pending(chain[-1])},
        refused,
    )


def _goes_on(chains: dict[str, list[dict[str, Any]]], record: dict[str, Any]) -> bool:
    if record["follows"] is None:
        if any(_is_pending(chain[-1]) and _subject(chain[-1]) == _subject(record) for chain in chains.values()):
            return False
        chains[record["action_id"]] = [record]
        return True
    chain = chains.get(record["opening"])
    if chain is None or chain[-1]["action_id"] != record["follows"] or not _is_pending(chain[-1]):
        return False
    chain.append(record)
    return True


def _is_pending(record: dict[str, Any]) -> bool:
    return record["status"] not in ENDS and record["expires_at"] is not None


def _subject(record: dict[str, Any]) -> tuple[str, str]:
    named = {"event": "event_id", "order": "order_id", "user": "cause"}[record["subject"]]
    return record["user_id"], f"{named} {record[named]}"


def every_hold(table: HoldTable) -> list[Hold]:
    """All, whatever has become of them."""
    return read_holds(table._database, "1 = 1 ORDER BY hold_id")


def found(table: HoldTable) -> Picture:
    """What a table holds."""
    holds = every_hold(table)
    return Picture(
        {hold.hold_id: [one.action_id for one in table.history(hold.hold_id)] for hold in holds},
        {hold.hold_id: (hold.action_id, hold.action, hold.status) for hold in holds},
        {hold.hold_id for hold in table.pending()},
        {letter.value for letter in table.refused()},
    )
