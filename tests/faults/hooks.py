"""The flow in a process that kills itself at the planned moment: `build` is named by the job of a campaign."""

import os
import signal
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

from bytewax.dataflow import Dataflow
from pydantic import BaseModel

from dataflows import flow, request
from dataflows.connectors.base import AtOffsets, ReadRange
from dataflows.control_journal import ControlJournal
from dataflows.delivery import SuppressingWriter
from dataflows.state.log_store import LogStore
from dataflows.steps import source
from dataflows.worker import Job
from tests.faults.plan import Kill, Mode, kill_at


class Faults(BaseModel):
    """What a campaign tells its processes."""

    notes: Path
    """A directory for what the processes have to tell."""
    seed: int
    kills: int
    """After so many starts nobody is killed any more."""
    mode: Mode = "mixed"
    forgetful: bool = False
    """Keep no older version of keyed state: a control that must fail."""


def build(job: Job) -> Dataflow:
    """The flow, with the faults installed."""
    faults = Faults.model_validate(job.arguments["faults"])
    start = _note_start(faults.notes, job)
    _read_to_the_recorded_ends()
    _tell_what_is_suppressed(faults.notes)
    if faults.forgetful:
        _forget_older_versions()
    if start < faults.kills:
        kill = kill_at(faults.seed, start, max(1, len(job.addresses)), faults.mode)
        _give_nothing_for(kill.pause)
        if kill.victim == job.index:
            _arm(kill, faults.notes)
    arguments = {name: value for name, value in job.arguments.items() if name != "faults"}
    return flow.build(job.model_copy(update={"arguments": arguments}))


def _note_start(notes: Path, job: Job) -> int:
    """Leave this process' id behind, and return how many starts there were before this one."""
    earlier = {file.name.split(".")[0] for file in notes.glob("*.pid")} - {job.run_id}
    draft = notes / f"{job.run_id}.{job.index}.draft"
    draft.write_text(str(os.getpid()))
    draft.rename(notes / f"{job.run_id}.{job.index}.pid")
    return len(earlier)


def _read_to_the_recorded_ends() -> None:
    """Not just to what is there at a start: the input grows meanwhile."""

    def read_range(start: Any, end: AtOffsets, stop_at_end: bool) -> ReadRange:
        return ReadRange(start, end)

    request.ReadRange = read_range  # type: ignore[attr-defined, assignment]


def _give_nothing_for(seconds: float) -> None:
    next_batch = source._Partition.next_batch
    begins = time.monotonic() + seconds

    def late(self: Any) -> Any:
        if time.monotonic() > begins:
            return next_batch(self)
        self._awake = datetime.now(UTC) + source._PAUSE
        return ()

    source._Partition.next_batch = late  # type: ignore[method-assign]


def _tell_what_is_suppressed(notes: Path) -> None:
    write, scan = SuppressingWriter.write, SuppressingWriter._scan

    def telling_write(self: SuppressingWriter, records: Any) -> None:
        before = self.suppressed
        write(self, records)
        if self.suppressed > before:
            tell(notes, "suppressed", self.suppressed - before)

    def telling_scan(self: SuppressingWriter) -> None:
        scan(self)
        if self._pending:
            tell(notes, "found", len(self._pending))

    SuppressingWriter.write = telling_write  # type: ignore[method-assign]
    SuppressingWriter._scan = telling_scan  # type: ignore[method-assign]


def tell(notes: Path, name: str, value: object) -> None:
    """Add a line to a note: whole, whoever else writes and whoever dies."""
    descriptor = os.open(notes / name, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.write(descriptor, f"{value}\n".encode())
    os.close(descriptor)


def _forget_older_versions() -> None:
    rollback = LogStore.rollback

    def rollback_to_nothing_only(self: LogStore, version: int | None) -> None:
        if version is None:
            rollback(self, None)

    LogStore.rollback = rollback_to_nothing_only  # type: ignore[method-assign]


def _arm(kill: Kill, notes: Path) -> None:
    """Let the planned call be the last one of this process."""
    place, _, phase = kill.point.partition(": ")
    if place not in _PLACES:
        return
    owner, name = _PLACES[place]
    original: Callable[..., Any] = getattr(owner, name)
    calls = 0

    def die() -> NoReturn:
        tell(notes, "kills", kill.point)
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError("nobody survives SIGKILL")

    def die_soon() -> None:
        time.sleep(kill.delay)
        die()

    def armed(*arguments: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls != kill.call:
            return original(*arguments)
        if phase == "before":
            die()
        if phase == "torn":
            _tear_writes(die)
        if phase == "during":
            threading.Thread(target=die_soon, daemon=True).start()
        result = original(*arguments)
        if phase == "after":
            threading.Thread(target=die_soon, daemon=True).start()
        return result

    setattr(owner, name, armed)


_PLACES: dict[str, tuple[Any, str]] = {
    "append": (LogStore, "append"),
    "rollback": (LogStore, "rollback"),
    "sink snapshot": (SuppressingWriter, "snapshot"),
    "scan": (SuppressingWriter, "_scan"),
    "verdict": (ControlJournal, "_append"),
}


def _tear_writes(die: Callable[[], NoReturn]) -> None:
    """From now on a write to a store ends in its middle, and so does the process."""
    write = os.pwrite

    def torn(descriptor: int, data: bytes, offset: int) -> NoReturn:
        write(descriptor, data[: len(data) // 2], offset)
        die()

    os.pwrite = torn  # type: ignore[assignment]
