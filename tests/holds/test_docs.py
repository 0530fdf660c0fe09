"""The examples of docs/holds.md do what they say."""

import re
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest

from contracts.codec import decode_decision
from dataflows.holds import HoldTable
from dataflows.to_end import records_to_end
from tests.conftest import MakeTopic
from tests.holds.actions import after, opened
from tests.holds.conftest import NewTable

PAGE = (Path(__file__).parents[2] / "docs" / "holds.md").read_text()
PYTHON = re.findall(r"^```python\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
PRINTING, OBEYING, ASKING, DECIDING = PYTHON
CLUSTER, SQLITE, POSTGRES = "kafka://localhost:9092", "holds.db", "postgresql://shop@localhost/orders"

HELD = opened(order_id="o-1042")
LIFTED = opened(order_id="o-2", event_id="e-2")
VALUES = [HELD.value, LIFTED.value, after(LIFTED, "released").value]


@pytest.fixture
def actions(tmp_path: Path) -> str:
    """A directory of actions, in place of a cluster."""
    (tmp_path / "policy-actions.jsonl").write_bytes(b"\n".join(VALUES) + b"\n")
    return str(tmp_path)


def _run(example: str, places: Mapping[str, str]) -> dict[str, Any]:
    """Run an example at other places than its own."""
    for named, place in places.items():
        example = example.replace(f'"{named}"', f'"{place}"')
    names: dict[str, Any] = {}
    exec(compile(example, "docs/holds.md", "exec"), names)
    return names


def test_five_lines_follow_the_topic(actions: str, new_file: NewTable, capsys: pytest.CaptureFixture[str]) -> None:
    _run(PRINTING, {CLUSTER: actions, SQLITE: new_file()})
    assert capsys.readouterr().out.splitlines() == ["o-1042 pending", "o-2 pending", "o-2 lifted"]


def test_a_service_moves_its_own_orders(actions: str, new_schema: NewTable) -> None:
    url = new_schema()
    with closing(psycopg.connect(url, autocommit=True)) as shop:
        shop.execute("CREATE TABLE orders (order_id TEXT, state TEXT)")
        shop.execute("INSERT INTO orders VALUES ('o-1042', 'paid'), ('o-2', 'paid'), ('o-3', 'paid')")
        _run(OBEYING, {CLUSTER: actions, POSTGRES: url})
        states = shop.execute("SELECT order_id, state FROM orders ORDER BY order_id").fetchall()
    assert states == [("o-1042", "held"), ("o-2", "paid"), ("o-3", "paid")]


def test_any_process_may_ask_in_python_or_sql(actions: str, new_file: NewTable) -> None:
    table = new_file()
    _run(PRINTING, {CLUSTER: actions, SQLITE: table})
    assert _run(f"from dataflows.holds import HoldTable\n{ASKING}", {SQLITE: table})["may_ship"] is False
    (query,) = re.findall(r"^```sql\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    with closing(sqlite3.connect(table)) as connection:
        assert connection.execute(query).fetchall() == [("hold_order", "pending", "2026-09-21T15:13:20.000Z")]


def test_the_table_is_described_as_it_is(new_file: NewTable) -> None:
    described = re.findall(r"^\| (`\w+`(?:, `\w+`)*) \| ", PAGE.partition("## The table")[2], re.MULTILINE)
    HoldTable.open(url := new_file()).close()
    with closing(sqlite3.connect(url)) as connection:
        columns = {row[1] for row in connection.execute("PRAGMA table_info(holds)")}
        tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert set(re.findall(r"\w+", " ".join(described))) == columns
    assert all(f"`{table}`" in PAGE for table in tables)


def test_the_decision_that_kcat_sends_is_one() -> None:
    (value,) = re.findall(r"^echo 'u4711\|(\{.*?\})'", PAGE, re.DOTALL | re.MULTILINE)
    assert decode_decision(value.replace("\n", "").encode()).order_id == "o-99"


@pytest.mark.kafka
def test_plain_python_sends_a_decision(bootstrap: str, make_topic: MakeTopic) -> None:
    topic = make_topic()
    _run(DECIDING, {"decisions": topic, "localhost:9092": bootstrap})
    ((_, record),) = records_to_end(f"kafka://{bootstrap}", topic, {})
    decision = decode_decision(record.value)
    assert (record.key, decision.verdict, decision.order_id) == (b"u4711", "confirm", "o-99")
