"""Lines in time order, whatever order they came in."""

import heapq
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from operator import itemgetter
from pathlib import Path
from tempfile import TemporaryDirectory

RUN_LINES = 100_000
_DIGITS = 13
_time: Callable[[bytes], bytes] = itemgetter(slice(_DIGITS))


class TimeOrder:
    """A stable external merge sort of lines by time, in memory for one run of lines.

    What comes in order makes one run on disk. Times are epoch milliseconds of at most 13 digits.
    """

    def __init__(self, folder: Path, run_lines: int = RUN_LINES) -> None:
        self._directory = TemporaryDirectory(prefix=".sealwax-", dir=folder)
        self._run_lines = run_lines
        self._buffer: list[bytes] = []
        self._runs: list[Path] = []
        self._end_of_run = b""

    def __enter__(self) -> "TimeOrder":
        return self

    def __exit__(self, *exception: object) -> None:
        self._directory.cleanup()

    def add(self, time: int, line: bytes) -> None:
        """One more line, without its line end."""
        self._buffer.append(b"%0*d%b\n" % (_DIGITS, time, line))
        if len(self._buffer) == self._run_lines:
            self._write_run()

    def lines(self) -> Iterator[bytes]:
        """All lines by time, those of one time as they came, each with its line end. Nothing is added any more."""
        self._write_run()
        with ExitStack() as stack:
            runs = [stack.enter_context(run.open("rb")) for run in self._runs]
            for line in heapq.merge(*runs, key=_time):
                yield line[_DIGITS:]

    def _write_run(self) -> None:
        if not self._buffer:
            return
        self._buffer.sort(key=_time)
        if not self._runs or _time(self._buffer[0]) < self._end_of_run:
            self._runs.append(Path(self._directory.name, str(len(self._runs))))
        with self._runs[-1].open("ab") as run:
            run.writelines(self._buffer)
        self._end_of_run = _time(self._buffer[-1])
        self._buffer.clear()
