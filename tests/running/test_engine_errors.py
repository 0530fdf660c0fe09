"""Whichever of a flow's callbacks raises, the exception is known afterwards."""

from collections.abc import Callable
from typing import Any, NoReturn

import bytewax.operators as op
import pytest
from bytewax.dataflow import Dataflow
from bytewax.inputs import DynamicSource, StatelessSourcePartition
from bytewax.operators import StatefulBatchLogic
from bytewax.outputs import DynamicSink, StatelessSinkPartition
from bytewax.testing import cluster_main

from dataflows.engine_errors import FirstError

FAULT = KeyError("the cause")


class _Once(StatelessSourcePartition[tuple[str, int]]):
    def __init__(self) -> None:
        self._items = [("a", 1)]

    def next_batch(self) -> list[tuple[str, int]]:
        if not self._items:
            raise StopIteration
        return [self._items.pop()]


class OnceSource(DynamicSource[tuple[str, int]]):
    def build(self, step_id: str, worker_index: int, worker_count: int) -> _Once:
        return _Once()


class _Nowhere(StatelessSinkPartition[Any]):
    def write_batch(self, items: list[Any]) -> None:
        pass


class NowhereSink(DynamicSink[Any]):
    def build(self, step_id: str, worker_index: int, worker_count: int) -> _Nowhere:
        return _Nowhere()


class PassOn(StatefulBatchLogic[int, int, None]):
    def on_batch(self, values: list[int]) -> tuple[list[int], bool]:
        return values, StatefulBatchLogic.RETAIN

    def snapshot(self) -> None:
        return None


def run(noted: FirstError, mapper: Callable[[Any], Any] = lambda item: item) -> None:
    flow = Dataflow("flow")
    items = op.map("map", op.input("in", flow, OnceSource()), mapper)
    op.output("out", op.stateful_batch("step", items, lambda state: PassOn()), NowhereSink())
    noted.watch(flow)
    cluster_main(flow, [], 0)


def fail(*_: Any) -> NoReturn:
    raise FAULT


def test_nothing_is_noted_where_all_is_well() -> None:
    noted = FirstError()
    run(noted)
    assert noted.error is None


def test_the_lazy_mapper_of_a_stateless_step() -> None:
    noted = FirstError()
    with pytest.raises(RuntimeError):
        run(noted, fail)
    assert noted.error is FAULT


@pytest.mark.parametrize(
    ("owner", "method"),
    [
        (OnceSource, "build"),
        (_Once, "next_batch"),
        (_Once, "next_awake"),
        (PassOn, "on_batch"),
        (PassOn, "on_eof"),
        (PassOn, "notify_at"),
        (NowhereSink, "build"),
        (_Nowhere, "write_batch"),
        (_Nowhere, "close"),
    ],
)
def test_a_method(monkeypatch: pytest.MonkeyPatch, owner: type, method: str) -> None:
    monkeypatch.setattr(owner, method, fail)
    noted = FirstError()
    with pytest.raises(RuntimeError):
        run(noted)
    assert noted.error is FAULT
