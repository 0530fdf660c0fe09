"""Databases for the table of holds, each new and empty."""

import os
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import count
from pathlib import Path

import psycopg
import pytest

from tests.flow.conftest import make_cluster, make_directory
from tests.holds.postgres_server import NoServerError, postgres_server

__all__ = ["make_cluster", "make_directory"]

NewTable = Callable[[], str]


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of a PostgreSQL database: the one that POSTGRES_URL names, or of a server of our own."""
    if named := os.environ.get("POSTGRES_URL"):
        yield named
        return
    try:
        with postgres_server() as url:
            yield url
    except NoServerError as reason:
        pytest.skip(str(reason))


@pytest.fixture(scope="session")
def new_schema(postgres: str) -> Iterator[NewTable]:
    """Makes URLs of empty schemas of the PostgreSQL database."""
    run, numbers = os.urandom(4).hex(), count()
    with closing(psycopg.connect(postgres, autocommit=True)) as connection:
        made: list[str] = []

        def new() -> str:
            made.append(f"test_{run}_{next(numbers)}")
            connection.execute(f"CREATE SCHEMA {made[-1]}".encode())
            return f"{postgres}{'&' if '?' in postgres else '?'}options=-csearch_path%3D{made[-1]}"

        yield new
        for name in made:
            connection.execute(f"DROP SCHEMA {name} CASCADE".encode())


@pytest.fixture(scope="session")
def new_file(make_directory: Callable[[], Path]) -> NewTable:
    """Makes names of SQLite files that don't exist."""
    directory, numbers = make_directory(), count()
    return lambda: str(directory / f"{next(numbers)}.db")


@pytest.fixture(params=["new_file", "new_schema"], ids=["SQLite", "PostgreSQL"])
def new_table(request: pytest.FixtureRequest) -> NewTable:
    """Makes URLs of tables that don't exist yet, of each kind of database."""
    made: NewTable = request.getfixturevalue(request.param)
    return made
