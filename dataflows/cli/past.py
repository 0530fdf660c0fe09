"""Events and labels of the past, as the commands over them read them: with progress bars, and told what is bad."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, TypeVar

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from contracts.events import Event, Label
from dataflows.connectors.kafka_settings import KafkaSettings
from dataflows.logs import OnBad, count_records, read_events, read_labels
from dataflows.settings import Settings, load_settings

T = TypeVar("T")
_Read = Callable[[str, str, KafkaSettings, OnBad], Iterator[T]]

_LISTED: Final = 10
_RECORDS_A_STEP: Final = 1_000


class Past:
    """The events and labels of two URLs, read anew by each call."""

    def __init__(self, events: str, labels: str | None, settings: Settings, progress: Progress) -> None:
        self._events = events
        self._labels = labels
        self._settings = settings
        self._progress = progress
        self._noticed: set[str] = set()
        self.bad: list[str] = []
        """Where the first bad records are, and what is wrong with them."""
        self.bad_count = 0

    def events(self) -> Iterator[Event]:
        """Each partition's in its order, all together by event time. Raises UserError where they can't be read."""
        return self._read(read_events, "events", self._events, self._settings.topics.transactions)

    def labels(self) -> Iterator[Label]:
        """Each partition's in its order, all together by label time; none where there is no URL. Raises UserError."""
        return (
            self._read(read_labels, "labels", self._labels, self._settings.topics.labels) if self._labels else iter(())
        )

    def bar(self, name: str) -> Callable[[int, int], None]:
        """Shows a bar of its own once it is told how much is done, and of how much."""
        task = self._progress.add_task(name, total=None, visible=False)
        return lambda done, total: self._progress.update(task, completed=done, total=total, visible=True)

    def _read(self, read: _Read[T], name: str, url: str, topic: str) -> Iterator[T]:
        kafka = self._settings.kafka.client()
        task = self._progress.add_task(name, total=count_records(url, topic, kafka))
        on_bad = self._note if name not in self._noticed else lambda _: None
        self._noticed.add(name)
        number = 0
        for number, record in enumerate(read(url, topic, kafka, on_bad), start=1):
            if number % _RECORDS_A_STEP == 0:
                self._progress.update(task, completed=number)
            yield record
        self._progress.update(task, completed=number)

    def _note(self, text: str) -> None:
        self.bad_count += 1
        if len(self.bad) < _LISTED:
            self.bad.append(text)


@contextmanager
def open_past(console: Console, events: str, labels: str | None, settings: Settings | None = None) -> Iterator[Past]:
    """A command's past; shows how much of it is read and, at the end, what could not be and was left out."""
    columns = TextColumn("[bold]{task.description}"), BarColumn(), TextColumn("{task.completed:,.0f}")
    with Progress(*columns, TimeElapsedColumn(), TimeRemainingColumn(), console=console, transient=True) as progress:
        past = Past(events, labels, settings or load_settings(), progress)
        yield past
    for text in past.bad:
        console.print(text, markup=False, highlight=False, soft_wrap=True)
    if past.bad_count:
        console.print(f"records that could not be read and were left out: {past.bad_count:,}")
