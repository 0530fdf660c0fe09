"""A look into the engine's recovery store, to strike in the moment in which an epoch is half durable.

From another process than the engine's: two SQLite libraries in one process don't see each other's locks.
"""

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Event
from typing import Final

_POLL: Final = 0.0005

_FRONTIER: Final = """
SELECT coalesce(min(worker_frontier), 0) FROM fronts WHERE ex_num = (SELECT max(ex_num) FROM exs)
"""
_HALF_DURABLE: Final = """
SELECT count(*) FROM snaps WHERE rowid > ? AND snap_epoch >= ? AND step_id NOT LIKE '%.source%'
"""


def between_snapshots_and_frontier(
    recovery: Path, epochs: int, strike: Callable[[], None], over: Event, patience: float
) -> None:
    """Wait for so many epochs to become durable; then call `strike` when some of the next one's snapshots are written
    and its frontier is not, and can't be meanwhile. Call it anyway after `patience` (s), but never once `over` is set.
    """
    deadline = time.monotonic() + patience
    with _opened(recovery) as store:
        (newest,) = store.execute("SELECT coalesce(max(rowid), 0) FROM snaps").fetchone()
        begun = 0
        while not over.wait(_POLL):
            (frontier,) = store.execute(_FRONTIER).fetchone()
            begun = begun or frontier
            if time.monotonic() < deadline:
                if frontier < begun + epochs or not store.execute(_HALF_DURABLE, (newest, frontier)).fetchone()[0]:
                    continue
                store.execute("BEGIN IMMEDIATE")
                if store.execute(_FRONTIER).fetchone() != (frontier,):
                    store.execute("ROLLBACK")
                    continue
            strike()
            break


@contextmanager
def _opened(recovery: Path) -> Iterator[sqlite3.Connection]:
    (file,) = recovery.glob("part-*.sqlite3")
    with closing(sqlite3.connect(file, isolation_level=None, timeout=60)) as store:
        yield store
