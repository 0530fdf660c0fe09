"""PostgreSQL: the table of holds in a database that others share. The only importer of its driver."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

import psycopg
from psycopg.conninfo import conninfo_to_dict

from dataflows.errors import UserError
from dataflows.holds.database import ConflictError, Row, UnavailableError

_CONNECT_SECONDS: Final = 10
_SCHEMA_LOCK: Final = 7_325_181
"""Any number that nobody else locks."""


class PostgresDatabase:
    """A Database over a server. A password comes from PGPASSWORD, ~/.pgpass or the URL, as libpq has it."""

    def __init__(self, url: str) -> None:
        """Raises UserError where the URL is none, UnavailableError where the server refuses or doesn't answer."""
        self.name = _without_password(url)
        with self._told():
            self.connection: psycopg.Connection[Any] = psycopg.connect(
                url, autocommit=True, connect_timeout=_CONNECT_SECONDS, fallback_application_name="sealwax holds"
            )

    @contextmanager
    def transaction(self) -> Iterator[None]:
        with self._told(), self.connection.transaction():
            yield

    def write(self, statement: str, parameters: Sequence[object] = ()) -> int:
        with self._told():
            try:
                return self.connection.execute(_native(statement), parameters).rowcount
            except psycopg.IntegrityError as error:
                raise ConflictError(f"{self.name}: {_first_line(error)}") from None

    def read(self, statement: str, parameters: Sequence[object] = ()) -> list[Row]:
        with self._told():
            return self.connection.execute(_native(statement), parameters).fetchall()

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except (psycopg.OperationalError, psycopg.InterfaceError) as error:
            raise UnavailableError(f"{self.name}: {_first_line(error)}") from None
        except psycopg.errors.InsufficientPrivilege as error:
            raise UserError(f"{self.name}: {_first_line(error)}; grant it to the user of the URL") from None

    def has_table(self, name: str) -> bool:
        return self.read("SELECT to_regclass(?) IS NOT NULL", (name,))[0][0] is True

    def lock_schema(self) -> None:
        self.read("SELECT pg_advisory_xact_lock(?)", (_SCHEMA_LOCK,))

    def close(self) -> None:
        self.connection.close()


def _native(statement: str) -> bytes:
    return statement.replace("?", "%s").encode()


def _without_password(url: str) -> str:
    try:
        parts = conninfo_to_dict(url)
    except psycopg.ProgrammingError as error:
        raise UserError(f"not a URL such as postgresql://user@host/database: {_first_line(error)}") from None
    user = f"{parts['user']}@" if parts.get("user") else ""
    port = f":{parts['port']}" if parts.get("port") else ""
    return f"postgresql://{user}{parts.get('host', '')}{port}/{parts.get('dbname', '')}"


def _first_line(error: psycopg.Error) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
