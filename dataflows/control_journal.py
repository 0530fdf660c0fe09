"""What was accepted and refused of the control topic: a log in the state directory, seen by all processes of a flow.

Every reader tells here how far in event time it goes on before it gives anything, and a change is accepted only where
nobody has come to its time. So whatever is decided at a time is decided by all the changes that will ever have been in
force then. A verdict is written before anything follows from it, and stands over every restart: a process that died had
perhaps told the world already what followed.
"""

import errno
import fcntl
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import takewhile
from pathlib import Path
from typing import Final

import msgspec

from contracts.control import ControlChange
from dataflows.watermarks import SharedSlots
from operators.policy import Timeline

_PASSED, _LENGTH, _SLOTS = 0, 1, 2
_LOG: Final = "journal.jsonl"
_BOARD: Final = "board"


class Verdict(msgspec.Struct, frozen=True):
    """What became of a control record."""

    partition: int
    offset: int
    change: ControlChange | None = None
    """What was accepted; None where the record was refused."""
    code: str = ""
    text: str = ""
    """Why it was refused."""


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Verdict).decode


class ControlJournal:
    """The journal, as one process sees it; keeps the process' timeline in step.

    A lock on the log orders who goes on and who judges. It costs two microseconds, and is never held while anything is
    written to disk for good.
    """

    def __init__(self, directory: Path, timeline: Timeline, *, kept: bool = True) -> None:
        """With `kept` False, nothing is judged in this run: the journal is only read."""
        directory.mkdir(parents=True, exist_ok=True)
        self._kept = kept
        self.timeline = timeline
        self._log = os.open(directory / _LOG, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        self._board = SharedSlots(directory / _BOARD, _SLOTS)
        self._read = 0
        with self._locked():
            self.catch_up()

    def go_on(self, time: int) -> None:
        """Everything up to an event time will be decided now: no change before it, or at it, is accepted any more."""
        if self._kept:
            with self._locked():
                if time > self.passed:
                    self._board.set(_PASSED, time)
        self.catch_up()

    @property
    def passed(self) -> int:
        """Up to which event time everything may have been decided."""
        return self._board.get(_PASSED)

    def catch_up(self) -> None:
        """Add to the timeline what other processes have accepted. Cheap where that is nothing."""
        end = self._board.get(_LENGTH)
        if end == self._read:
            return
        lines = os.pread(self._log, end - self._read, self._read).splitlines()
        self._read = end
        for line in lines:
            verdict = _decode(line)
            if verdict.change is not None:
                self.timeline.add(verdict.change, verdict.offset << 16 | verdict.partition)

    def review_score(self, time: int) -> float:
        """That of the policy in force at an event time."""
        self.catch_up()
        return self.timeline.review_score(time)

    def verdicts(self, partition: int, start: int) -> dict[int, Verdict]:
        """Those on a partition's control records from an offset on: its last ones, since it is judged in its order."""
        latest_first = map(_decode, reversed(os.pread(self._log, self._read, 0).splitlines()))
        its = (one for one in latest_first if one.partition == partition)
        return {one.offset: one for one in takewhile(lambda one: one.offset >= start, its)}

    def judge(self, verdicts: Callable[[int], Sequence[Verdict]]) -> Sequence[Verdict]:
        """Have verdicts given and write them, while nobody goes on: only changes after the time that `verdicts` is told
        can still be accepted."""
        with self._locked():
            given = verdicts(self.passed)
            self._append(given)
        self.catch_up()
        os.fdatasync(self._log)
        return given

    def close(self) -> None:
        """Let go of the files."""
        os.close(self._log)

    def _append(self, verdicts: Sequence[Verdict]) -> None:
        lines = b"".join([_encode(verdict) + b"\n" for verdict in verdicts])
        if os.write(self._log, lines) < len(lines):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), _LOG)
        self._board.set(_LENGTH, os.fstat(self._log).st_size)

    def _mend(self) -> None:
        """Tell of what one who died while judging has written whole, and cut off what not."""
        size = os.fstat(self._log).st_size
        if size != self._board.get(_LENGTH):
            whole = os.pread(self._log, size, 0).rfind(b"\n") + 1
            os.ftruncate(self._log, whole)
            self._board.set(_LENGTH, whole)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        fcntl.flock(self._log, fcntl.LOCK_EX)
        try:
            self._mend()  # before anybody goes on: what the dead have judged stands
            yield
        finally:
            fcntl.flock(self._log, fcntl.LOCK_UN)
