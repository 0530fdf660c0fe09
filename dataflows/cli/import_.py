"""`sealwax import`: tables to events and labels."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import orjson
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from contracts.times import format_time
from dataflows.errors import UserError
from dataflows.importing.importer import BadRow, ImportCounts, Importer
from dataflows.importing.mapping import load_mapping
from dataflows.importing.tables import count_rows
from dataflows.jsonl import open_lines

_LISTED = 10
_ROWS_A_STEP = 4_096


def import_(
    inputs: Annotated[list[Path], typer.Argument(metavar="INPUT...", help="CSV or Parquet files, read in this order.")],
    mapping: Annotated[Path, typer.Option(help="TOML file that maps columns to fields; see docs/examples.")],
    events: Annotated[Path, typer.Option(help="Where the events go: .jsonl or .jsonl.zst.")],
    labels: Annotated[Path, typer.Option(help="Where the labels go: .jsonl or .jsonl.zst.")],
    rejects: Annotated[Path | None, typer.Option(help="Where every bad row is listed, as JSON lines.")] = None,
    skip_bad: Annotated[bool, typer.Option("--skip-bad", help="Leave bad rows out and succeed nevertheless.")] = False,
) -> None:
    """Turn CSV or Parquet tables into events and labels, in time order.

    Example: sealwax import --mapping docs/examples/fdh.toml --events events.jsonl --labels labels.jsonl data.parquet
    """
    if events == labels:
        raise UserError(f"{events}: events and labels must be two files")
    console, mapped = Console(stderr=True), load_mapping(mapping)
    with _listed(console, rejects) as on_bad, _progress(console, inputs) as on_row:
        importer = Importer(mapped, on_bad)
        importer.write(inputs, events, labels, on_row)
    console.print(_summary(importer.counts, events, labels), highlight=False, soft_wrap=True)
    if importer.counts.bad and not skip_bad:
        raise UserError(
            f"{importer.counts.bad:,} rows were left out of {events} and {labels}: "
            "mend them or the mapping, or accept that with --skip-bad"
        )


@contextmanager
def _listed(console: Console, rejects: Path | None) -> Iterator[Callable[[BadRow], None]]:
    """Shows the first bad rows, and writes all of them where that is asked for."""
    shown = 0

    def show(bad: BadRow) -> None:
        nonlocal shown
        shown += 1
        if shown <= _LISTED:
            console.print(f"{bad.file}, {bad.place}: {bad.reason}", markup=False, highlight=False, soft_wrap=True)
        elif shown == _LISTED + 1:
            console.print("(more bad rows follow; --rejects FILE lists them all)")

    if rejects is None:
        yield show
        return
    with open_lines(rejects) as file:

        def write(bad: BadRow) -> None:
            show(bad)
            file.write(orjson.dumps(asdict(bad), default=str, option=orjson.OPT_APPEND_NEWLINE))

        yield write


@contextmanager
def _progress(console: Console, inputs: list[Path]) -> Iterator[Callable[[], None]]:
    columns = TextColumn("[bold]import"), BarColumn(), MofNCompleteColumn(), TextColumn("rows"), TimeRemainingColumn()
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("import", total=sum(map(count_rows, inputs)))
        rows = 0

        def on_row() -> None:
            nonlocal rows
            rows += 1
            if rows % _ROWS_A_STEP == 0:
                progress.update(task, completed=rows)

        yield on_row


def _summary(counts: ImportCounts, events: Path, labels: Path) -> str:
    lines = [f"{counts.events:,} events to {events}, {counts.labels:,} labels to {labels}"]
    if counts.first_time is not None and counts.last_time is not None:
        lines.append(f"from {format_time(counts.first_time)} to {format_time(counts.last_time)}")
    if counts.out_of_order:
        lines.append(f"the input was not in time order ({counts.out_of_order:,} rows came late); the output is")
    else:
        lines.append("the input was in time order")
    return "\n".join(lines)
