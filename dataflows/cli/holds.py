"""`sealwax holds`: a service that keeps orders on hold as the policy says, and what people do with its holds."""

import getpass
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import orjson
import typer
from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from contracts.codec import InvalidRecordError, encode_decision
from contracts.decisions import encode_dead_letter
from contracts.times import parse_time
from dataflows.connectors.base import DeliveryError
from dataflows.connectors.urls import open_output
from dataflows.errors import UserError
from dataflows.holds import Hold, HoldTable
from dataflows.holds.database import UnavailableError
from dataflows.holds.page import holds_page
from dataflows.holds.service import HoldService, open_table
from dataflows.holds.view import as_json, one_hold, pending_holds, printable
from dataflows.sending import TopicSender, decision_record
from dataflows.settings import Settings, load_settings
from operators.holds import decide

app = typer.Typer(help="Keep orders on hold as the policy says; look at holds, release and confirm them.")

TableUrl = Annotated[
    str | None, typer.Option("--table", help="postgresql://user@host/database, or a file for SQLite; the settings'.")
]
Config = Annotated[Path | None, typer.Option(help="Settings file; sealwax.toml where there is one.")]
Json = Annotated[bool, typer.Option("--json", help="JSON for machines, a line each.")]
Named = Annotated[str, typer.Argument(metavar="ORDER", help="An order, or a hold's id or its first 8 digits.")]
By = Annotated[str | None, typer.Option(help="Who decides; the user's name on this machine by default.")]
Reason = Annotated[str, typer.Option(help="Why, in a sentence for those who read of it.")]
Sink = Annotated[str | None, typer.Option(help="kafka://host:port or a directory; the settings' cluster by default.")]
At = Annotated[str | None, typer.Option(help="When it was decided, RFC 3339; now by default. For streams of the past.")]

_REFRESH_SECONDS: Final = 1.0


@app.command()
def run(
    config: Config = None,
    source: Annotated[
        str | None, typer.Option(help="kafka://host:port, a file or a directory; the settings' cluster by default.")
    ] = None,
    table: TableUrl = None,
    stop_at_end: Annotated[bool, typer.Option("--stop-at-end", help="End once what is there now was read.")] = False,
    from_start: Annotated[
        bool, typer.Option("--from-start", help="Read the topic from its beginning again; what was applied stays.")
    ] = False,
    metrics_port: Annotated[int | None, typer.Option(help="For Prometheus; 0 for none.")] = None,
) -> None:
    """Apply each transition of policy-actions to the table of holds, once, until the end or SIGTERM.

    Example: sealwax holds run --source kafka://localhost:9092 --table postgresql://shop@localhost/orders
    """
    settings = load_settings(config, {"holds.table": table, "holds.metrics_port": metrics_port})
    service = HoldService(settings, source or settings.kafka.url, stop_at_end=stop_at_end)
    service.run(from_start=from_start)
    typer.echo(str(service), err=True)


@app.command("list")
def list_holds(
    config: Config = None,
    table: TableUrl = None,
    json: Json = False,
    watch: Annotated[bool, typer.Option("--watch", help="Go on showing them until Ctrl-C.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="Show so many of the oldest.")] = 50,
    html: Annotated[Path | None, typer.Option(help="Write all of them into a page to look at.")] = None,
) -> None:
    """Show the pending holds with their age and reason, the oldest first.

    Example: sealwax holds list --table postgresql://shop@localhost/orders --watch
    """
    with _table(config, table) as (_, opened):
        if json:
            _write_json(as_json(hold, _now()) for hold in opened.pending())
        elif html is not None:
            _write_page(html, holds_page(opened.pending(), _now()))
        elif watch:
            _watch(opened, limit)
        else:
            Console().print(pending_holds(opened.pending(), _now(), limit))


@app.command()
def show(order: Named, config: Config = None, table: TableUrl = None, json: Json = False) -> None:
    """Show every hold of an order, each with all that happened to it.

    Example: sealwax holds show o-1042
    """
    with _table(config, table) as (_, opened):
        holds = _find(opened, order)
        if json:
            _write_json(
                as_json(hold, _now()) | {"history": [one.model_dump() for one in opened.history(hold.hold_id)]}
                for hold in holds
            )
            return
        for hold in holds:
            Console().print(one_hold(hold, opened.history(hold.hold_id)))


@app.command()
def release(
    order: Named,
    reason: Reason,
    by: By = None,
    config: Config = None,
    table: TableUrl = None,
    sink: Sink = None,
    at: At = None,
) -> None:
    """Decide that an order goes on: the flow ends its hold, and no rule touches it for a while.

    Example: sealwax holds release o-1042 --reason "Called the buyer." --by ann
    """
    _decide("release", order, reason, by, config, table, sink, at)


@app.command()
def confirm(
    order: Named,
    reason: Reason,
    by: By = None,
    config: Config = None,
    table: TableUrl = None,
    sink: Sink = None,
    at: At = None,
) -> None:
    """Decide that a hold was right: it ends as confirmed, and the order stays stopped.

    Example: sealwax holds confirm o-1042 --reason "The card was stolen." --by ann
    """
    _decide("confirm", order, reason, by, config, table, sink, at)


@app.command()
def refused(config: Config = None, table: TableUrl = None, json: Json = False) -> None:
    """Show the records that could not be applied, and why; --json writes them as dead letters.

    Example: sealwax holds refused --json
    """
    with _table(config, table) as (_, opened):
        letters = opened.refused()
    if json:
        sys.stdout.writelines(
            encode_dead_letter(one.code, one.text, one.position, one.value)[1].decode() + "\n" for one in letters
        )
        return
    shown = Table(box=None, pad_edge=False, header_style="dim")
    for heading in ("record", "reason", "what is wrong"):
        shown.add_column(heading, no_wrap=heading != "what is wrong", overflow="fold")
    for one in letters:
        place = f"{one.position.topic}-{one.position.partition} @ {one.position.offset}"
        shown.add_row(place, one.code, Text(printable(one.text)))
    Console().print(shown)
    typer.echo(f"{len(letters):,} refused")


@app.command()
def retry(config: Config = None, table: TableUrl = None) -> None:
    """Try the refused records once more, in their order: after an update that knows them, or when what lacked came.

    Example: sealwax holds retry
    """
    with _table(config, table) as (_, opened):
        totals = opened.retry()
    typer.echo(
        f"{totals.applied.total():,} applied, {totals.repeats:,} were already, {totals.refused.total():,} refused"
    )


def _decide(
    verdict: Literal["release", "confirm"],
    order: str,
    reason: str,
    by: str | None,
    config: Path | None,
    table: str | None,
    sink: str | None,
    at: str | None,
) -> None:
    if not reason.strip():
        raise UserError("--reason: empty; say why, for those who read of the order")
    with _table(config, table) as (settings, opened):
        hold = _pending(_find(opened, order), order)
    decision = decide(
        hold, verdict, getpass.getuser() if by is None else by, reason, _now() if at is None else _time(at)
    )
    topic = settings.topics.decisions
    try:
        record = decision_record(encode_decision(decision))
        with closing(open_output(sink or settings.kafka.url, settings.kafka.client())) as log:
            sender = TopicSender(log, topic)
            sender.send(record)
            sender.flush()
    except InvalidRecordError as error:
        raise UserError(f"not a decision: {error}") from None
    except DeliveryError as error:
        raise UserError(f"{error}; sent again it counts once") from None
    on = f"order {hold.order_id}" if hold.order_id else f"user {hold.user_id}"
    typer.echo(f"{verdict} of {hold.hold_id} on {on} sent to {topic}; it stands once the flow has answered")


def _find(table: HoldTable, name: str) -> list[Hold]:
    if found := table.find(name):
        return found
    raise UserError(
        f"{name}: no such order, and no hold whose id begins so; `sealwax holds list` shows the pending ones"
    )


def _pending(holds: list[Hold], name: str) -> Hold:
    pending = [hold for hold in holds if hold.phase == "pending"]
    if not pending:
        raise UserError(
            f"{name}: nothing is pending, the latest hold is {holds[-1].status}; `sealwax holds show {name}`"
        )
    if len(pending) > 1:
        names = ", ".join(f"{hold.hold_id[:10]} of user {printable(hold.user_id)}" for hold in pending)
        raise UserError(f"{name}: several holds are pending ({names}); name one of them")
    return pending[0]


def _write_page(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UserError(f"{path}: can't be written: {error.strerror}") from None
    typer.echo(str(path))


def _watch(table: HoldTable, limit: int) -> None:
    try:
        with Live(pending_holds(table.pending(), _now(), limit), screen=True, auto_refresh=False) as live:
            while True:
                time.sleep(_REFRESH_SECONDS)
                live.update(pending_holds(table.pending(), _now(), limit), refresh=True)
    except KeyboardInterrupt:
        return


@contextmanager
def _table(config: Path | None, url: str | None) -> Iterator[tuple[Settings, HoldTable]]:
    settings = load_settings(config, {"holds.table": url})
    with open_table(settings.holds.table, create=False) as opened:
        try:
            yield settings, opened
        except UnavailableError as error:
            raise UserError(str(error)) from None


def _now() -> int:
    return time.time_ns() // 1_000_000


def _time(text: str) -> int:
    try:
        return parse_time(text)
    except ValueError as error:
        raise UserError(f"--at: {error}") from None


def _write_json(objects: Iterable[dict[str, Any]]) -> None:
    sys.stdout.writelines(orjson.dumps(one).decode() + "\n" for one in objects)
