"""The demo's screens: a live one for terminals, lines where there is none."""

from collections.abc import Sequence
from types import TracebackType
from typing import Final, Protocol, Self

from rich.console import Console
from rich.live import Live

from dataflows.demo.board import board
from dataflows.demo.moment import Moment, millis
from dataflows.demo.tally import Hold, Tally

_LINE_SECONDS: Final = 5.0


class Screen(Protocol):
    """Shows how the demo is getting on."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None: ...

    def show(self, tally: Tally, moment: Moment, holds: Sequence[Hold] = ()) -> None:
        """The present state, and the orders held since the last time."""


class LiveScreen:
    """The whole terminal, drawn anew a few times a second."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live = Live(console=console, screen=True, auto_refresh=False)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._live.stop()

    def show(self, tally: Tally, moment: Moment, holds: Sequence[Hold] = ()) -> None:
        """Draw the board."""
        self._live.update(board(tally, moment, self._console.width), refresh=True)


class PlainScreen:
    """A line for each phase and each held order, and one of numbers every few seconds."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._phase = ""
        self._due = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        pass

    def show(self, tally: Tally, moment: Moment, holds: Sequence[Hold] = ()) -> None:
        """Print what is new, and the numbers when they are due."""
        if moment.phase != self._phase:
            self._phase = moment.phase
            self._print(f"{moment.phase} ...")
        for hold in holds:
            self._print(hold_line(hold))
        if moment.now >= self._due and tally.distinct:
            self._due = moment.now + _LINE_SECONDS
            self._print(progress_line(tally, moment.now))

    def _print(self, line: str) -> None:
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)


def hold_line(hold: Hold) -> str:
    """A held order, in words."""
    told = hold.told
    score = "" if told.score is None else f", score {told.score:.2f}"
    return f"  hold {hold.order_id} of {told.user_id}, {told.amount}{score}: {hold.reasons[0]}"


def progress_line(tally: Tally, now: float) -> str:
    """The numbers of now, on one line."""
    events, updates = tally.timeline.rates(now)
    recent = now - _LINE_SECONDS
    return (
        f"{now:5.0f} s  {tally.distinct:,} events in ({events:,.0f}/s), {tally.updates:,} updates out "
        f"({updates:,.0f}/s), latency p50 {millis(tally.timeline.latency(0.5, recent))} "
        f"p99 {millis(tally.timeline.latency(0.99, recent))}, {tally.held} orders held, "
        f"{tally.letters.total()} dead letters, {tally.detection.stopped} of {tally.detection.cases} abusers stopped"
    )
