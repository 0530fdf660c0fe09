"""What the table of holds asks of a SQL database; statements are written once, with `?` for each parameter."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any, Final, Protocol

from dataflows.errors import UserError

Row = tuple[Any, ...]

_POSTGRES: Final = ("postgresql://", "postgres://")


class UnavailableError(Exception):
    """The database doesn't answer, or the connection is lost: a new one may mend it. What isn't committed is undone."""


class ConflictError(UnavailableError):
    """Another consumer applies the same topic to the same tables, and was faster. Nothing was applied twice."""


class Database(Protocol):
    """A connection. Each of its calls raises UnavailableError, and UserError where a person has to mend something."""

    name: str
    """For messages; without a password."""
    connection: Any
    """The driver's own (DB-API 2.0)."""

    def transaction(self) -> AbstractContextManager[None]:
        """All that is inside, or nothing: committed at the end, undone where an error leaves it."""

    def write(self, statement: str, parameters: Sequence[object] = ()) -> int:
        """Execute a statement; the number of rows that it changed."""

    def read(self, statement: str, parameters: Sequence[object] = ()) -> list[Row]:
        """The rows of a query."""

    def has_table(self, name: str) -> bool:
        """Whether there is a table of that name."""

    def lock_schema(self) -> None:
        """In a transaction: let no other make tables until it ends."""

    def close(self) -> None:
        """Safe to call twice."""


def open_database(url: str, *, create: bool) -> Database:
    """PostgreSQL for `postgresql://user@host/database`, else SQLite in the file that is named, made where `create`.

    Raises UserError where that can't be opened.
    """
    if url.startswith(_POSTGRES):
        try:
            from dataflows.holds.postgres import PostgresDatabase
        except ModuleNotFoundError:
            raise UserError("PostgreSQL needs its driver: pip install 'sealwax[postgres]'") from None
        return PostgresDatabase(url)
    if "://" in url:
        raise UserError(f"{url}: a table of holds is postgresql://user@host/database, or a file for SQLite")
    from dataflows.holds.sqlite import SqliteDatabase

    return SqliteDatabase(url, create=create)
