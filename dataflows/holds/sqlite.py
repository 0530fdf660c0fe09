"""SQLite: the table of holds in a file."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from dataflows.errors import UserError
from dataflows.holds.database import ConflictError, Row, UnavailableError

_PATIENCE: Final = 30.0
"""Seconds that a writer waits for another."""


class SqliteDatabase:
    """A Database over a file. Readers in other processes neither wait for a writer nor hold it up (WAL)."""

    def __init__(self, path: str, *, create: bool) -> None:
        """Raises UserError where the file can't be opened, or isn't there and is not to be made."""
        self.name = path
        if not create and not Path(path).is_file():
            raise UserError(f"{path}: no such file; `sealwax holds run` makes the table, --table names another")
        try:
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            self.connection = sqlite3.connect(path, timeout=_PATIENCE, isolation_level=None)
            self.read("PRAGMA journal_mode = WAL")
        except (OSError, sqlite3.Error, UnavailableError) as error:
            raise UserError(f"{path}: can't be opened as a SQLite database: {error}") from None

    @contextmanager
    def transaction(self) -> Iterator[None]:
        self.write("BEGIN IMMEDIATE")
        try:
            yield
            self.write("COMMIT")
        except BaseException:
            if self.connection.in_transaction:
                self.connection.rollback()
            raise

    def write(self, statement: str, parameters: Sequence[object] = ()) -> int:
        return self._execute(statement, parameters).rowcount

    def read(self, statement: str, parameters: Sequence[object] = ()) -> list[Row]:
        return self._execute(statement, parameters).fetchall()

    def _execute(self, statement: str, parameters: Sequence[object]) -> sqlite3.Cursor:
        try:
            return self.connection.execute(statement, parameters)
        except sqlite3.OperationalError as error:
            raise UnavailableError(f"{self.name}: {error}") from None
        except sqlite3.IntegrityError as error:
            raise ConflictError(f"{self.name}: {error}") from None
        except sqlite3.DatabaseError as error:
            raise UserError(f"{self.name}: {error}; name another file, or restore this one") from None

    def has_table(self, name: str) -> bool:
        return bool(self.read("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", (name,)))

    def lock_schema(self) -> None:
        pass  # a transaction that writes is alone

    def close(self) -> None:
        self.connection.close()
