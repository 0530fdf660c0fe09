"""The table of holds: what a service that obeys the actions asks of it, and how records come into it."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Final, NamedTuple, Self

from contracts.codec import decode_policy_action
from contracts.events import Position
from contracts.messages import PolicyActionMessage
from dataflows.connectors.base import InputRecord
from dataflows.dead_letters import DeadLetter
from dataflows.holds.applying import Change, Outcome, apply_record, read_refusals, reconsider
from dataflows.holds.database import ConflictError, Database, open_database
from dataflows.holds.rows import read_holds
from dataflows.holds.schema import check_tables, make_tables
from operators.holds import Hold, Refusal

_SHORTEST_ID: Final = 8
"""Fewer digits of an id could be an order's number, mistyped."""

OnChange = Callable[[Change, Any], object]
"""Called with each change and the driver's connection, inside of the transaction that applies it."""


class Place(NamedTuple):
    """A partition, and where its topic lies: positions of one cluster or file mean nothing in another."""

    source: str
    topic: str
    partition: int


@dataclass
class Totals:
    """What became of records."""

    applied: Counter[str] = field(default_factory=Counter)
    """By status."""
    repeats: int = 0
    """Records that had been seen before."""
    refused: Counter[str] = field(default_factory=Counter)
    """By the reason's code."""

    def count(self, outcome: Outcome) -> None:
        """Count one more."""
        match outcome:
            case None:
                self.repeats += 1
            case Refusal(code):
                self.refused[code] += 1
            case Change():
                self.applied[outcome.hold.status] += 1

    def __add__(self, other: "Totals") -> "Totals":
        return Totals(self.applied + other.applied, self.repeats + other.repeats, self.refused + other.refused)


class HoldTable:
    """The holds of a SQL database. For one thread; each opens its own."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @classmethod
    def open(cls, url: str, *, create: bool = True) -> Self:
        """The tables at `postgresql://user@host/database`, or in a SQLite file; `create` makes those that are missing.

        Raises UserError where that can't be, UnavailableError where the server doesn't answer.
        """
        database = open_database(url, create=create)
        try:
            (make_tables if create else check_tables)(database)
        except BaseException:
            database.close()
            raise
        return cls(database)

    def pending(self) -> list[Hold]:
        """The holds that are open, the oldest first."""
        return read_holds(self._database, "phase = 'pending' ORDER BY opened_at, hold_id")

    def in_force(self, order_id: str) -> list[Hold]:
        """What stands on an order now: pending holds, and actions that stand for good. Empty: nothing."""
        return read_holds(self._database, "order_id = ? AND phase <> 'lifted' ORDER BY opened_at, hold_id", order_id)

    def find(self, name: str) -> list[Hold]:
        """The holds of an order, the oldest first; or else those whose id begins with `name`, of 8 digits or more."""
        found = read_holds(self._database, "order_id = ? ORDER BY opened_at, hold_id", name) if name else []
        if found or len(name) < _SHORTEST_ID:
            return found
        return read_holds(self._database, "substr(hold_id, 1, ?) = ? ORDER BY hold_id", len(name), name)

    def history(self, hold_id: str) -> list[PolicyActionMessage]:
        """The transitions of a hold, as they came."""
        query = "SELECT record FROM hold_transitions WHERE hold_id = ? ORDER BY number"
        return [decode_policy_action(record.encode()) for (record,) in self._database.read(query, (hold_id,))]

    def refused(self) -> list[DeadLetter]:
        """The records that could not be applied, whole, each with its reason."""
        return read_refusals(self._database)

    def count_pending(self) -> int:
        """How many holds are open."""
        count: int = self._database.read("SELECT count(*) FROM holds WHERE phase = 'pending'")[0][0]
        return count

    def position(self, place: Place) -> int | None:
        """The offset to read on from; None where nothing was read yet."""
        query = "SELECT next_offset FROM hold_positions WHERE source = ? AND topic = ? AND topic_partition = ?"
        found = self._database.read(query, place)
        return found[0][0] if found else None

    def rewind(self, source: str, topic: str) -> None:
        """Forget how far a topic was read: the next reader begins at its start, and what was seen counts once."""
        with self._database.transaction():
            self._database.write("DELETE FROM hold_positions WHERE source = ? AND topic = ?", (source, topic))

    def apply(
        self,
        place: Place,
        before: int | None,
        records: Sequence[InputRecord],
        after: int,
        on_change: OnChange | None = None,
    ) -> Totals:
        """Apply records of a partition and move its position from `before` to `after`: all of it, or nothing.

        Raises ConflictError where the position isn't `before` any more.
        """
        totals = Totals()
        with self._database.transaction():
            self._advance(place, before, after)
            for record in records:
                position = Position(place.topic, place.partition, record.offset)
                outcome = apply_record(self._database, position, record.value)
                totals.count(outcome)
                if on_change and isinstance(outcome, Change):
                    on_change(outcome, self._database.connection)
        return totals

    def _advance(self, place: Place, before: int | None, after: int) -> None:
        if before is None:
            changed = self._database.write(
                "INSERT INTO hold_positions (source, topic, topic_partition, next_offset) VALUES (?, ?, ?, ?) "
                "ON CONFLICT DO NOTHING",
                (*place, after),
            )
        else:
            changed = self._database.write(
                "UPDATE hold_positions SET next_offset = ? "
                "WHERE source = ? AND topic = ? AND topic_partition = ? AND next_offset = ?",
                (after, *place, before),
            )
        if not changed:
            raise ConflictError(
                f"{self._database.name}: another consumer has moved on in {place.topic}-{place.partition}; let only "
                "one work on these tables"
            )

    def retry(self, on_change: OnChange | None = None) -> Totals:
        """Try what was refused once more, in the order of the topic, each by itself."""
        totals = Totals()
        for letter in self.refused():
            with self._database.transaction():
                outcome = reconsider(self._database, letter)
                if on_change and isinstance(outcome, Change):
                    on_change(outcome, self._database.connection)
            totals.count(outcome)
        return totals

    def close(self) -> None:
        """Safe to call twice."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()
