"""Whatever way a topic is delivered, with repeats, rewinds and kills at any point, the tables are the same."""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

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


class Consumer:
    """Reads two partitions in small batches, dies and comes back."""

    def __init__(self, url: str, logs: Sequence[Sequence[bytes]]) -> None:
        self._url = url
        self._logs = logs
        HoldTable.open(url).close()
        self._start()

    def _start(self) -> None:
        self._database = Mortal(open_database(self._url, create=False))
        self.table = HoldTable(self._database)

    def read(self, partition: int, most: int) -> bool:
        """Apply what comes next; whether there was anything."""
        place = Place(SOURCE, "policy-actions", partition)
        before = self.table.position(place)
        first = before or 0
        values = self._logs[partition][first:][:most]
        records = [InputRecord(offset, None, None, value) for offset, value in enumerate(values, first)]
        if records:
            self.table.apply(place, before, records, first + len(records))
        return bool(records)

    def die(self, partition: int, most: int, calls: int) -> None:
        """The same, but for that only so many calls of the database are left."""
        self._database.calls_left = calls
        try:
            self.read(partition, most)
        except Killed:
            self.close()
            self._start()
        self._database.calls_left = None

    def rewind(self) -> None:
        self.table.rewind(SOURCE, "policy-actions")

    def close(self) -> None:
        self._database.close()


SOURCE = "kafka://k:1"
PARTITIONS, BATCHES, CALLS = st.integers(0, 1), st.integers(1, 6), st.integers(0, 20)
STEPS = st.lists(
    st.tuples(st.just("read"), PARTITIONS, BATCHES)
    | st.tuples(st.just("die"), PARTITIONS, BATCHES, CALLS)
    | st.tuples(st.just("rewind")),
    min_size=8,
    max_size=25,
)


@pytest.mark.parametrize(("new_table", "examples"), [("new_file", 60), ("new_schema", 15)], indirect=["new_table"])
def test_any_delivery_gives_the_same(new_table: NewTable, examples: int) -> None:
    @settings(max_examples=examples, suppress_health_check=[HealthCheck.too_slow])
    @given(logs("u-1"), logs("u-2"), STEPS)
    def deliver(first: list[bytes], second: list[bytes], steps: list[tuple[Any, ...]]) -> None:
        with closing(Consumer(new_table(), (first, second))) as consumer:
            for name, *arguments in steps:
                getattr(consumer, name)(*arguments)
            for partition in (0, 1):
                while consumer.read(partition, 6):
                    pass
            assert found(consumer.table) == expected((first, second))

    deliver()
