"""What is one database's own: files that are none, servers that are gone, and who may not."""

import sys
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from dataflows.errors import UserError
from dataflows.holds import HoldTable
from dataflows.holds.database import UnavailableError, open_database
from dataflows.settings import load_settings
from tests.holds.actions import opened
from tests.holds.conftest import NewTable
from tests.holds.feeding import feed
from tests.holds.oracle import every_hold


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("These are no tables, and long enough to be read as a page. " * 100)
    with pytest.raises(UserError, match=r"notes\.txt: .*not a database"):
        HoldTable.open(str(tmp_path / "notes.txt"))
    with pytest.raises(UserError, match="can't be opened as a SQLite database"):
        HoldTable.open(str(tmp_path))


def test_readers_of_a_file_see_what_is_committed_while_another_writes(new_file: NewTable) -> None:
    with HoldTable.open(url := new_file()) as table, HoldTable.open(url, create=False) as reader:
        feed(table, [opened().value], lambda *_: _expect(reader, 0))
        _expect(reader, 1)


def _expect(reader: HoldTable, pending: int) -> None:
    assert reader.count_pending() == pending


def test_a_connection_that_is_cut_is_told_as_passing_and_leaves_nothing_half_done(
    new_schema: NewTable, postgres: str
) -> None:
    url = new_schema()
    with closing(psycopg.connect(postgres, autocommit=True)) as operator, HoldTable.open(url) as table:

        def cut(_: object, connection: psycopg.Connection[object]) -> None:
            operator.execute("SELECT pg_terminate_backend(%s, 10000)", (connection.info.backend_pid,))

        with pytest.raises(UnavailableError, match="postgresql://"):
            feed(table, [opened().value, opened(order_id="o-2").value], cut)
    with HoldTable.open(url) as table:
        assert every_hold(table) == []


def test_what_a_user_may_not_is_told(new_schema: NewTable, postgres: str) -> None:
    HoldTable.open(url := new_schema()).close()
    schema = url.rpartition("%3D")[2]
    with closing(psycopg.connect(postgres, autocommit=True)) as operator:
        operator.execute("DROP ROLE IF EXISTS sealwax_reader")
        operator.execute("CREATE ROLE sealwax_reader LOGIN PASSWORD 'secret'")
        operator.execute(f"GRANT USAGE ON SCHEMA {schema} TO sealwax_reader".encode())
        parts = psycopg.conninfo.conninfo_to_dict(url)
        as_reader = f"postgresql://sealwax_reader:secret@{parts['host']}:{parts['port']}/{parts['dbname']}"
        with pytest.raises(UserError, match="permission denied for table hold_schema; grant it") as told:
            HoldTable.open(f"{as_reader}?options={parts['options'].replace('=', '%3D')}", create=False)
        assert "secret" not in str(told.value)
        operator.execute(f"REVOKE ALL ON SCHEMA {schema} FROM sealwax_reader".encode())
        operator.execute("DROP ROLE sealwax_reader")


def test_no_server_and_no_url_are_told_apart() -> None:
    with pytest.raises(UnavailableError, match=r"postgresql://ann@127\.0\.0\.1:1/shop: .*refused"):
        open_database("postgresql://ann:secret@127.0.0.1:1/shop", create=True)
    with pytest.raises(UserError, match="not a URL such as postgresql://"):
        open_database("postgresql://h/d?nonsense=1", create=True)
    with pytest.raises(UserError, match="mysql://h/d: a table of holds is"):
        open_database("mysql://h/d", create=True)


def test_without_the_driver_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "dataflows.holds.postgres", None)
    with pytest.raises(UserError, match=r"pip install 'sealwax\[postgres\]'"):
        open_database("postgresql://h/d", create=True)


@pytest.mark.parametrize("url", ["postgresql://a:b@h/d", "postgres://h/d?user=a&password=b"])
def test_a_password_is_no_setting(url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=r"holds\.table: holds a password: remove it, and set the variable PGPASSWORD"):
        load_settings(flags={"holds.table": url})
    assert load_settings(flags={"holds.table": "postgresql://a@h:1/d"}).holds.table == "postgresql://a@h:1/d"
