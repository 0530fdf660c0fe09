"""The command line in a process that kills itself at a planned moment of its work on the table of holds.

`python -m tests.holds.victim holds run ...`, with the moment in the environment.
"""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final, Literal, NoReturn, get_args

from dataflows import cli
from dataflows.holds.postgres import PostgresDatabase
from dataflows.holds.sqlite import SqliteDatabase
from dataflows.holds.table import HoldTable, Totals

Point = Literal["write", "before commit", "after commit"]
POINTS: Final = get_args(Point)
POINT, CALL, BREAK = "VICTIM_POINT", "VICTIM_CALL", "VICTIM_BREAK"
"""Variables: where to die, at which of its calls, and whether positions are kept in a transaction of their own."""


def die_at(point: Point, call: int) -> None:
    """Let that call be the last thing that this process does."""
    calls = 0

    def strike(at: Point) -> None:
        nonlocal calls
        calls += at == point
        if calls == call:
            _die()

    for database in (SqliteDatabase, PostgresDatabase):
        _arm(database, strike)


def _arm(database: Any, strike: Callable[[Point], None]) -> None:
    write, transaction = database.write, database.transaction

    def armed_write(self: Any, *arguments: Any) -> int:
        strike("write")
        changed: int = write(self, *arguments)
        return changed

    @contextmanager
    def armed_transaction(self: Any) -> Iterator[None]:
        with transaction(self):
            yield
            strike("before commit")
        strike("after commit")

    database.write, database.transaction = armed_write, armed_transaction


def _die() -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("nobody survives SIGKILL")


def keep_positions_apart() -> None:
    """A control that must fail: a position is committed before what was read up to it."""
    apply = HoldTable.apply

    def apart(self: HoldTable, place: Any, before: Any, records: Any, after: int, on_change: Any = None) -> Totals:
        apply(self, place, before, (), after)
        return apply(self, place, after, records, after, on_change)

    HoldTable.apply = apart  # type: ignore[method-assign]


if __name__ == "__main__":
    if BREAK in os.environ:
        keep_positions_apart()
    if POINT in os.environ:
        die_at(os.environ[POINT], int(os.environ[CALL]))  # type: ignore[arg-type]
    cli.main(sys.argv[1:])
