"""The engine's recovery store: made once, and pruned before every start.

Bytewax keeps the state of its steps in `part-*.sqlite3` files: `exs` lists executions (with the epoch that they resumed
at), `fronts` how far each worker of each execution came, `snaps` the snapshots, which are written before `fronts`. On
resume it loads every key's newest snapshot before the resume epoch, but leaves those of later epochs in place. A new
execution that replays such an epoch without touching the key would find, at its next resume, the dead one's value.
"""

import shutil
import sqlite3
import tempfile
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from bytewax.recovery import init_db_dir

from dataflows.errors import UserError

FIRST_EPOCH = 1
"""Where the engine begins in an empty store."""

_MENDING = "restore the state directory from a backup, or move it away to start from nothing"


def prepare_recovery(directory: Path, partitions: int = 1) -> int:
    """Make `directory` fit for a start, and return the epoch at which the engine will resume.

    An absent store is made, with `partitions` files for its whole life. One is best: each costs the worker several disk
    syncs in every epoch, and a flow keyed by key groups has little to store. In an existing one, snapshots that no
    execution made durable are deleted. No engine may be running. Raises UserError where files are missing or damaged.
    """
    if not directory.exists():
        _create(directory, partitions)
    try:
        files = _partition_files(directory)
        resume = _resume_epoch(files)
        for file in files:
            _prune(file, resume)
    except sqlite3.DatabaseError as error:
        raise UserError(f"{directory}: the recovery store is damaged ({error}): {_MENDING}") from error
    return resume


def _create(directory: Path, partitions: int) -> None:
    directory.parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(prefix=f"{directory.name}-", dir=directory.parent))
    try:
        init_db_dir(unfinished, partitions)
        unfinished.rename(directory)  # A store is either whole or not there.
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise


def _partition_files(directory: Path) -> list[Path]:
    files = sorted(directory.glob("part-*.sqlite3"))
    if not files:
        raise UserError(f"{directory}: no part-*.sqlite3 files in the recovery store: {_MENDING}")
    with closing(sqlite3.connect(files[0])) as store:
        (expected,) = store.execute("SELECT part_count FROM parts").fetchone()
    if len(files) != expected:
        raise UserError(f"{directory}: {len(files)} of {expected} files of the recovery store are there: {_MENDING}")
    return files


def _resume_epoch(files: Iterable[Path]) -> int:
    """The least of the workers' frontiers in the newest execution; a worker that wrote none stands where it resumed."""
    executions: dict[int, tuple[int, int]] = {}
    frontiers: dict[tuple[int, int], int] = {}
    for file in files:
        with closing(sqlite3.connect(file)) as store:
            for number, workers, resumed in store.execute("SELECT ex_num, worker_count, resume_epoch FROM exs"):
                executions[number] = workers, resumed
            for number, worker, frontier in store.execute("SELECT ex_num, worker_index, worker_frontier FROM fronts"):
                frontiers[number, worker] = frontier
    if not executions:
        return FIRST_EPOCH
    newest = max(executions)
    workers, resumed = executions[newest]
    return min(max(frontiers.get((newest, worker), resumed), resumed) for worker in range(workers))


def _prune(file: Path, resume: int) -> None:
    with closing(sqlite3.connect(file)) as store, store:
        store.execute("DELETE FROM snaps WHERE snap_epoch >= ?", (resume,))
