"""`sealwax simulate`: a seeded shop with abuse, to files or to Kafka."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table

from contracts.events import Label
from contracts.times import LATEST, format_time, parse_time
from dataflows.connectors.base import DeliveryError
from dataflows.errors import UserError
from dataflows.jsonl import open_lines
from dataflows.settings import load_settings
from dataflows.simulator.abuse.scenarios import SCENARIOS
from dataflows.simulator.dice import DAY
from dataflows.simulator.outlets import FileOutlet, Outlet, Told, TopicOutlet, paced
from dataflows.simulator.shop import Shop, ShopSettings
from dataflows.simulator.tally import HONEST, Tally

_LABEL_DAYS = 400
"""More than any label takes to become known."""


def simulate(
    users: Annotated[int, typer.Option(min=10, help="How many people.")] = 5_000,
    days: Annotated[int, typer.Option(min=1, max=3_650, help="For how long.")] = 30,
    seed: Annotated[int, typer.Option(help="The same seed gives the same bytes.")] = 0,
    start: Annotated[str, typer.Option(help="The first day, or an RFC 3339 time.")] = "2026-01-01",
    abuse: Annotated[float, typer.Option(min=0.0, max=0.5, help="The share of events that are abusive.")] = 0.02,
    events: Annotated[Path | None, typer.Option(help="Where the events go: .jsonl or .jsonl.zst.")] = None,
    labels: Annotated[Path | None, typer.Option(help="Where the labels go: .jsonl or .jsonl.zst.")] = None,
    truth: Annotated[Path | None, typer.Option(help="Where each abusive event's scenario goes.")] = None,
    sink: Annotated[str | None, typer.Option(help="kafka://host:port, to stream events and labels to.")] = None,
    rate: Annotated[float | None, typer.Option(min=0.1, help="Records a second to the sink; else all at once.")] = None,
) -> None:
    """Simulate a shop: thousands of people with habits, seven kinds of abuse, and labels that come late.

    Example: sealwax simulate --users 5000 --days 30 --seed 7 --events events.jsonl --labels labels.jsonl
    """
    if not (events or labels or truth or sink):
        raise UserError("simulate has nowhere to write: give --events and --labels, or --sink kafka://host:port")
    if rate and not sink:
        raise UserError("--rate is for --sink; files are written as fast as can be")
    settings = ShopSettings(users, days, seed, _start(start, days), abuse)
    console, tally = Console(stderr=True), Tally()
    with ExitStack() as stack:
        outlets: list[Outlet] = [tally, stack.enter_context(_files(events, labels, truth))]
        if sink:
            outlets.append(stack.enter_context(_topics(sink)))
        _tell(settings, outlets, rate, console)
    console.print(_table(tally))


def _tell(settings: ShopSettings, outlets: list[Outlet], rate: float | None, console: Console) -> None:
    columns = TextColumn("[bold]simulate"), BarColumn(), TaskProgressColumn(), TextColumn("{task.fields[at]}")
    with Progress(*columns, TimeRemainingColumn(), console=console, transient=True) as progress:
        task = progress.add_task("simulate", total=settings.days * DAY, at="")
        for batch in paced(Shop(settings).stream(), rate):
            for outlet in outlets:
                outlet.tell(batch)
            now = _time(batch[-1])
            progress.update(task, completed=now - settings.start, at=format_time(now)[:16])


def _time(told: Told) -> int:
    return told.label_time if isinstance(told, Label) else told.event.event_time


def _start(text: str, days: int) -> int:
    try:
        start = parse_time(text if len(text) > 10 else f"{text}T00:00:00Z")
    except ValueError:
        raise UserError(
            f"--start {text}: write a day such as 2026-01-01, or an RFC 3339 time, in 2000 to 2099"
        ) from None
    if start + (days + _LABEL_DAYS) * DAY > LATEST:
        raise UserError(f"--start {text}: {days} days and their labels would not end before 2100; begin earlier")
    return start


@contextmanager
def _files(events: Path | None, labels: Path | None, truth: Path | None) -> Iterator[Outlet]:
    given = [path for path in (events, labels, truth) if path]
    if len(set(given)) < len(given):
        raise UserError(f"{given[0]}: events, labels and truth must be different files")
    with ExitStack() as stack:
        files = [stack.enter_context(open_lines(path)) if path else None for path in (events, labels, truth)]
        yield FileOutlet(*files)


@contextmanager
def _topics(sink: str) -> Iterator[Outlet]:
    if not sink.startswith("kafka://"):
        raise UserError(
            f"--sink {sink}: simulate streams to kafka://host:port; for files there are --events and --labels"
        )
    from dataflows.connectors.urls import open_output

    settings = load_settings()
    output = open_output(sink, settings.kafka.client(), source="/sealwax/simulator")
    try:
        outlet = TopicOutlet(output, settings.topics.transactions, settings.topics.labels)
        yield outlet
        outlet.flush()
    except DeliveryError as error:
        raise UserError(f"--sink {sink}: {error}") from None
    finally:
        output.close()


def _table(tally: Tally) -> Table:
    table = Table("scenario", title="What was simulated")
    for heading in ("events", "share", "payments", "labels"):
        table.add_column(heading, justify="right")
    total = tally.events.total()
    for name in (HONEST, *(scenario.name for scenario in SCENARIOS)):
        events = tally.events[name]
        share = f"{events / max(total, 1):.2%}"
        table.add_row(name or "honest", f"{events:,}", share, f"{tally.payments[name]:,}", f"{tally.labels[name]:,}")
    return table
