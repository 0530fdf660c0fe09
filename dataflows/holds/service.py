"""`sealwax holds run`: a consumer that goes on until it is told to end, whatever fails meanwhile."""

import logging
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from dataflows import metrics
from dataflows.connectors.base import InputError, NoAnswerError
from dataflows.errors import UserError
from dataflows.holds.consumer import consume, place_of
from dataflows.holds.database import UnavailableError
from dataflows.holds.table import HoldTable, Totals
from dataflows.settings import Settings

_LOG: Final = logging.getLogger(__name__)

_FIRST_PAUSE: Final = 0.5
_LONGEST_PAUSE: Final = 30.0
"""Seconds between two tries; each pause is twice the one before, until there is progress."""


def open_table(url: str, *, create: bool) -> HoldTable:
    """The table of a command. Raises UserError where it can't be opened now."""
    try:
        return HoldTable.open(url, create=create)
    except UnavailableError as error:
        raise UserError(str(error)) from None


class HoldService:
    """Keeps a table of holds up to date with the topic at `source`."""

    def __init__(self, settings: Settings, source: str, *, stop_at_end: bool) -> None:
        self._settings = settings
        self._source = source
        self._stop_at_end = stop_at_end
        self._stop = threading.Event()
        self._pause = _FIRST_PAUSE
        self._lag = 0
        self.totals = Totals()
        self.pending = 0
        """How many holds are open."""

    def run(self, *, from_start: bool) -> None:
        """Apply what comes until SIGTERM or SIGINT, or to the end.

        What may pass (a database or a cluster that doesn't answer) is waited for, but not at the beginning. Raises
        UserError where a person must mend something.
        """
        settings, topic = self._settings, self._settings.topics.policy_actions
        with open_table(settings.holds.table, create=True) as table:
            if from_start:
                table.rewind(place_of(self._source), topic)
        metrics.serve(settings.holds.metrics_port, 0)
        metrics.watch_lag(topic, lambda: self._lag)
        with self._stopped_by_signals(), _line() as show:
            is_over = self._consume(show, (UnavailableError, InputError))
            while not (is_over or self._stop.wait(self._pause)):
                self._pause = min(2 * self._pause, _LONGEST_PAUSE)
                is_over = self._consume(show, (UnavailableError, InputError, NoAnswerError))

    def _consume(self, show: "_Show", passing: tuple[type[Exception], ...]) -> bool:
        """Whether the end has come; False where something failed that may pass."""

        def progress(batch: Totals, lag: int) -> None:
            self.totals += batch
            self.pending, self._lag, self._pause = table.count_pending(), lag, _FIRST_PAUSE
            metrics.count_holds(batch.applied, batch.repeats, batch.refused, self.pending)
            show(self._progress())

        try:
            with HoldTable.open(self._settings.holds.table) as table:
                self.pending = table.count_pending()
                show(self._progress())
                consume(
                    table,
                    self._source,
                    topic=self._settings.topics.policy_actions,
                    kafka=self._settings.kafka.client(),
                    stop_at_end=self._stop_at_end,
                    stop=self._stop,
                    progress=progress,
                )
        except passing as error:
            _LOG.warning("%s; trying again in %.1f s", error, self._pause)
            return False
        return True

    def _progress(self) -> str:
        applied, refused = self.totals.applied.total(), self.totals.refused.total()
        return f"{self._lag:,} to go; {applied:,} applied, {refused:,} refused; {self.pending:,} pending"

    def __str__(self) -> str:
        totals = self.totals
        return (
            f"{totals.applied.total():,} transitions applied, {totals.repeats:,} seen before, "
            f"{totals.refused.total():,} refused; {self.pending:,} holds pending"
        )

    @contextmanager
    def _stopped_by_signals(self) -> Iterator[None]:
        """The transaction under way is still committed."""
        numbers = (signal.SIGTERM, signal.SIGINT)
        previous = {number: signal.signal(number, lambda *_: self._stop.set()) for number in numbers}
        try:
            yield
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)


class _Show:
    """A line of progress on a terminal."""

    def __init__(self, bar: Progress) -> None:
        self._bar = bar
        self._task = bar.add_task("starting", total=None)

    def __call__(self, text: str) -> None:
        self._bar.update(self._task, description=text)


@contextmanager
def _line() -> Iterator[_Show]:
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        yield _Show(bar)
