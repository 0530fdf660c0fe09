"""Whatever way a topic is delivered, with repeats, rewinds and kills at any point, the tables are the same."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    rule,
    run_state_machine_as_test,
)

from dataflows.connectors.base import InputRecord
from dataflows.holds import HoldTable
from dataflows.holds.database import Database, Row, open_database
from dataflows.holds.table import Place
from tests.holds.actions import logs
from tests.holds.conftest import NewTable
from tests.holds.oracle import expected, found


class Killed(BaseException):
    """The process is gone."""


class Mortal:
    """A Database whose process dies at one of its calls."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.name = database.name
        self.connection = database.connection
        self.calls_left: int | None = None

    def _live(self) -> None:
        if self.calls_left is not None:
            self.calls_left -= 1
            if self.calls_left < 0:
                raise Killed

    @contextmanager
    def transaction(self) -> Iterator[None]:
        with self._database.transaction():
            yield
            self._live()

    def write(self, statement: str, parameters: Sequence[object] = ()) -> int:
        self._live()
        return self._database.write(statement, parameters)

    def read(self, statement: str, parameters: Sequence[object] = ()) -> list[Row]:
        self._live()
        return self._database.read(statement, parameters)

    def has_table(self, name: str) -> bool:
        return self._database.has_table(name)

    def lock_schema(self) -> None:
        self._database.lock_schema()

    def close(self) -> None:
        self._database.close()


class Deliveries(RuleBasedStateMachine):
    """Two partitions, read in batches by consumers that die and come back."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.url = url
        HoldTable.open(url).close()
        self._start()

    def _start(self) -> None:
        self.database = Mortal(open_database(self.url, create=True))
        self.table = HoldTable(self.database)

    @initialize(logs=st.tuples(logs("u-1"), logs("u-2")))
    def begin(self, logs: tuple[list[bytes], list[bytes]]) -> None:
        self.logs = logs
        self.reached = [0, 0]

    def _read(self, partition: int, most: int) -> None:
        place = Place("kafka://k:1", "policy-actions", partition)
        before = self.table.position(place)
        values = self.logs[partition][before or 0 :][:most]
        if values:
            records = [InputRecord(offset, None, None, value) for offset, value in enumerate(values, before or 0)]
            after = (before or 0) + len(values)
            self.table.apply(place, before, records, after)
            self.reached[partition] = max(self.reached[partition], after)

    @rule(partition=st.integers(0, 1), most=st.integers(1, 20))
    def read(self, partition: int, most: int) -> None:
        self._read(partition, most)

    @rule(partition=st.integers(0, 1), most=st.integers(1, 20), calls=st.integers(0, 60))
    def die(self, partition: int, most: int, calls: int) -> None:
        self.database.calls_left = calls
        try:
            self._read(partition, most)
        except Killed:
            self.database.close()
            self._start()
        self.database.calls_left = None

    @rule()
    def rewind(self) -> None:
        self.table.rewind("kafka://k:1", "policy-actions")

    def teardown(self) -> None:
        if hasattr(self, "logs"):
            read = [log[:reached] for log, reached in zip(self.logs, self.reached, strict=True)]
            assert found(self.table) == expected(read)
        self.database.close()


@pytest.mark.parametrize(("new_table", "examples"), [("new_file", 60), ("new_schema", 20)], indirect=["new_table"])
def test_any_delivery_gives_the_same(new_table: NewTable, examples: int) -> None:
    limits: Any = settings(max_examples=examples, stateful_step_count=15, suppress_health_check=[HealthCheck.too_slow])
    run_state_machine_as_test(lambda: Deliveries(new_table()), settings=limits)
