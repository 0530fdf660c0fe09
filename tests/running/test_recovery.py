"""A recovery store as a killed process leaves it, before and after the prune."""

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path

import bytewax.operators as op
import pytest
from bytewax.dataflow import Dataflow
from bytewax.recovery import RecoveryConfig
from bytewax.testing import TestingSink, TestingSource, cluster_main

from dataflows.errors import UserError
from dataflows.recovery import FIRST_EPOCH, prepare_recovery
from dataflows.worker import Job
from tests.processes import HANGS_AFTER, ROOT, wait_until

PARTITIONS = 2
KEYS = [f"key-{number}" for number in range(10)]
ABORT = TestingSource.ABORT


def count(store: Path, inputs: list[str | TestingSource.ABORT], *, epoch: float = 0.0) -> list[tuple[str, int]]:
    """Run a flow over the store that counts its keys, in this process: what it emitted."""
    emitted: list[tuple[str, int]] = []
    flow = counting_keys(TestingSource([(item, 1) if isinstance(item, str) else item for item in inputs]), emitted)
    cluster_main(flow, [], 0, epoch_interval=timedelta(seconds=epoch), recovery_config=RecoveryConfig(store))
    return emitted


def counting_keys(source: TestingSource, emitted: list[tuple[str, int]]) -> Dataflow:
    flow = Dataflow("keys")
    counted = op.stateful_map("count", op.input("in", flow, source), lambda state, one: ((state or 0) + one,) * 2)
    op.output("out", counted, TestingSink(emitted))
    return flow


def one_epoch(job: Job) -> Dataflow:
    """All keys once in the first epoch. Waits before it until it may, and after it for ever."""
    go = Path(str(job.arguments["go"]))

    def items() -> Iterator[tuple[str, int] | TestingSource.PAUSE]:
        go.with_suffix(".ready").touch()
        wait_until(go.exists)
        yield from ((key, 1) for key in KEYS)
        yield TestingSource.PAUSE(timedelta(seconds=HANGS_AFTER))

    return counting_keys(TestingSource(items(), batch_size=len(KEYS)), [])


@contextmanager
def write_locked(file: Path) -> Iterator[None]:
    with closing(sqlite3.connect(file)) as store:
        store.execute("BEGIN IMMEDIATE")
        yield
        store.rollback()


def snapshots(file: Path) -> dict[str, int]:
    """The counted keys with a snapshot in this partition, and the newest epoch of each."""
    with closing(sqlite3.connect(file)) as store:
        return dict(
            store.execute(
                "SELECT state_key, max(snap_epoch) FROM snaps WHERE state_key LIKE 'key-%' GROUP BY state_key"
            )
        )


def frontiers(file: Path) -> list[int]:
    with closing(sqlite3.connect(file)) as store:
        return [frontier for (frontier,) in store.execute("SELECT worker_frontier FROM fronts")]


def kill_before_the_frontier(directory: Path) -> Path:
    """A store whose process was killed after it wrote an epoch's snapshots and before its frontier. The engine writes
    them in transactions of their own: here the frontier's has to wait, for a lock on the partition that it goes to."""
    scratch = directory / "scratch"
    prepare_recovery(scratch, PARTITIONS)
    count(scratch, [*KEYS])
    (frontiers_in,) = (file.name for file in scratch.iterdir() if file.suffix == ".sqlite3" and frontiers(file))
    job = Job(build=f"{__name__}:one_epoch", state=directory, arguments={"go": str(directory / "go")}, epoch_ms=1)
    prepare_recovery(job.recovery, PARTITIONS)
    (other,) = (file for file in job.recovery.glob("part-*.sqlite3") if file.name != frontiers_in)
    worker = subprocess.Popen([sys.executable, "-m", "dataflows.worker"], cwd=ROOT, stdin=subprocess.PIPE)
    assert worker.stdin
    with worker.stdin, worker:
        worker.stdin.write(job.model_dump_json().encode() + b"\n")
        worker.stdin.flush()
        wait_until((directory / "go.ready").exists)
        with write_locked(job.recovery / frontiers_in):
            (directory / "go").touch()
            wait_until(lambda: bool(snapshots(other)))
            worker.kill()
            worker.wait()
    return job.recovery


@pytest.mark.parametrize("pruned", [True, False])
def test_the_state_of_a_dead_run_is_loaded_without_the_prune(tmp_path: Path, pruned: bool) -> None:
    store = kill_before_the_frontier(tmp_path)
    left = {key for file in store.glob("part-*.sqlite3") for key in snapshots(file)}
    assert left
    first, *rest = KEYS
    # The new run's first epoch holds one key alone. It aborts before it has seen the others.
    if pruned:
        assert prepare_recovery(store) == FIRST_EPOCH
    assert count(store, [first, ABORT(), *rest]) == [(first, 1)]
    resumed = count(store, KEYS)
    wrong = {key for key, value in resumed if value != 1}
    assert [key for key, _ in resumed] == rest
    assert wrong == (set() if pruned else left - {first})


def test_what_is_durable_stays(tmp_path: Path) -> None:
    store = tmp_path / "recovery"
    assert prepare_recovery(store, PARTITIONS) == FIRST_EPOCH
    count(store, KEYS)
    durable = {file.name: snapshots(file) for file in store.glob("part-*.sqlite3")}
    assert {key for keys in durable.values() for key in keys} == set(KEYS)
    assert prepare_recovery(store) > max(epoch for keys in durable.values() for epoch in keys.values())
    assert {file.name: snapshots(file) for file in store.glob("part-*.sqlite3")} == durable
    assert count(store, [*KEYS, *KEYS]) == [(key, 2) for key in KEYS]


def test_the_frontier_is_the_engines_own(tmp_path: Path) -> None:
    """What is returned is where the engine then resumes, by its own record."""
    store = tmp_path / "recovery"
    prepare_recovery(store, PARTITIONS)
    inputs: list[str | TestingSource.ABORT] = ["a", "b"]
    for _ in range(5):
        resume = prepare_recovery(store)
        inputs += [ABORT(), "a", "b"]
        count(store, inputs)
        assert newest_resume_epoch(store) == resume


def newest_resume_epoch(store: Path) -> int:
    executions: list[tuple[int, int]] = []
    for file in store.glob("part-*.sqlite3"):
        with closing(sqlite3.connect(file)) as partition:
            executions += partition.execute("SELECT ex_num, resume_epoch FROM exs")
    return max(executions)[1]


def test_the_slowest_worker_decides(tmp_path: Path) -> None:
    """Rows as two workers leave them, spread over the partitions: worker 1 of the last execution wrote no frontier."""
    store = tmp_path / "recovery"
    prepare_recovery(store, PARTITIONS)
    one, two = sorted(store.glob("part-*.sqlite3"))
    with closing(sqlite3.connect(one)) as partition, partition:
        partition.execute("INSERT INTO exs (ex_num, worker_count, resume_epoch) VALUES (0, 1, 1)")
        partition.execute("INSERT INTO fronts (ex_num, worker_index, worker_frontier) VALUES (1, 0, 9)")
    with closing(sqlite3.connect(two)) as partition, partition:
        partition.execute("INSERT INTO exs (ex_num, worker_count, resume_epoch) VALUES (1, 2, 7)")
        partition.execute("INSERT INTO fronts (ex_num, worker_index, worker_frontier) VALUES (0, 0, 7)")
    assert prepare_recovery(store) == 7
    with closing(sqlite3.connect(one)) as partition, partition:
        partition.execute("INSERT INTO fronts (ex_num, worker_index, worker_frontier) VALUES (1, 1, 8)")
    assert prepare_recovery(store) == 8


def test_a_missing_partition_is_named(tmp_path: Path) -> None:
    store = tmp_path / "recovery"
    prepare_recovery(store, 3)
    (store / "part-1.sqlite3").unlink()
    with pytest.raises(UserError, match=r"2 of 3 files of the recovery store are there: restore"):
        prepare_recovery(store)


def test_a_damaged_partition_is_no_traceback(tmp_path: Path) -> None:
    store = tmp_path / "recovery"
    prepare_recovery(store, PARTITIONS)
    (store / "part-0.sqlite3").write_bytes(b"no database at all" * 1_000)
    with pytest.raises(UserError, match="is damaged"):
        prepare_recovery(store)


def test_an_empty_directory_is_no_store(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no part-"):
        prepare_recovery(tmp_path)
