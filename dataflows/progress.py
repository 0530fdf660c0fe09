"""How far a run has come, told by its processes and shown on one line while it works."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from dataflows.reading import SourceBatch
from dataflows.watermarks import SharedSlots

MOST_PROCESSES: Final = 64
_FIELDS: Final = 3
_READ, _LETTERS, _LAG = range(_FIELDS)
_REFRESH_SECONDS: Final = 0.25


class ProgressBoard:
    """Counts of every process: records read, dead letters, and records still to be read."""

    def __init__(self, path: Path) -> None:
        self._slots = SharedSlots(path, MOST_PROCESSES * _FIELDS)

    def reporter(self, process: int) -> "Reporter":
        """The part of one process."""
        return Reporter(self._slots, process * _FIELDS)

    def totals(self) -> tuple[int, int, int]:
        """Read, dead letters and lag, of all processes since their start."""
        values = self._slots.values()
        return sum(values[_READ::_FIELDS]), sum(values[_LETTERS::_FIELDS]), sum(values[_LAG::_FIELDS])


class Reporter:
    """Tells the board what one process has read."""

    def __init__(self, slots: SharedSlots, start: int) -> None:
        self._slots = slots
        self._start = start
        self._lags: dict[int, int] = {}
        self._read = 0
        self._letters = 0

    def watch(self, batch: SourceBatch, lag: int | None) -> None:
        """Count a batch of a partition, and note the partition's lag."""
        self._letters += len(batch.letters)
        self._read += len(batch.arrivals) + len(batch.labels) + len(batch.decisions) + len(batch.letters)
        self._lags[batch.input] = lag or 0
        for field, value in enumerate((self._read, self._letters, sum(self._lags.values()))):
            self._slots.set(self._start + field, value)


@contextmanager
def progress_line(path: Path) -> Iterator[None]:
    """Show a line of progress on standard error meanwhile, if that is a terminal; at the end, what was done.

    Begins a new board at `path`: only for who holds the state directory.
    """
    SharedSlots.reset(path)
    board = ProgressBoard(path)
    console = Console(stderr=True)
    over, started = Event(), time.monotonic()
    thread = Thread(target=_show, args=(board, console, over), daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        read, letters, _ = board.totals()
        seconds = time.monotonic() - started
        console.print(
            f"read {read:,} records in {seconds:,.1f} s ({read / max(seconds, 1e-9):,.0f} a second); "
            f"{letters:,} became dead letters",
            highlight=False,
        )


def _show(board: ProgressBoard, console: Console, over: Event) -> None:
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    before, at = 0, time.monotonic()
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("starting", total=None)
        while not over.wait(_REFRESH_SECONDS):
            read, letters, lag = board.totals()
            now = time.monotonic()
            rate, before, at = (read - before) / (now - at), read, now
            text = f"{read:,} read, {max(rate, 0):,.0f}/s, {lag:,} to go, {letters:,} dead letters"
            bar.update(task, description=text, completed=read, total=read + lag or None)
