"""`sealwax dead-letters`: what could not become an event, looked at and sent again."""

import sys
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Annotated

import orjson
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from contracts.times import format_time
from dataflows.connectors.base import DeliveryError
from dataflows.connectors.urls import open_output
from dataflows.dead_letters import (
    Candidate,
    DeadLetter,
    Sorted,
    from_letters,
    from_lines,
    read_dead_letters,
    send,
    sort_out,
)
from dataflows.errors import UserError
from dataflows.settings import Settings, load_settings

app = typer.Typer(help="Look through what could not be read, and send it again.")

Source = Annotated[
    str | None, typer.Argument(help="kafka://host:port, a directory or a file; the settings' cluster by default.")
]
Config = Annotated[Path | None, typer.Option(help="Settings file; sealwax.toml where there is one.")]
Reason = Annotated[str | None, typer.Option(help="Only letters with this reason's code, such as invalid_field.")]

_SHOWN_BYTES = 4_096
_WIDTH = 16


@app.command("ls")
def list_letters(
    source: Source = None,
    config: Config = None,
    reason: Reason = None,
    limit: Annotated[int, typer.Option(min=1, help="Show so many of the latest.")] = 50,
) -> None:
    """List dead letters, the latest last, and count them by reason.

    Example: sealwax dead-letters ls kafka://localhost:9092 --reason not_json
    """
    letters = _letters(source, load_settings(config), reason)
    letters.sort(key=lambda letter: letter.written or 0)
    table = Table(box=None, pad_edge=False)
    for heading in ("id", "written", "record", "bytes", "reason", "what is wrong"):
        table.add_column(heading, no_wrap=heading != "what is wrong", overflow="ellipsis")
    for one in letters[-limit:]:
        written = "" if one.written is None else format_time(one.written)
        record = f"{one.position.topic}-{one.position.partition} @ {one.position.offset}"
        table.add_row(one.id[:12], written, record, f"{len(one.value):,}", one.code, Text(one.text))
    console = Console()
    console.print(table)
    for code, count in Counter(one.code for one in letters).most_common():
        console.print(f"{count:,} {code}", highlight=False)
    console.print(f"{len(letters):,} dead letters, {min(limit, len(letters)):,} shown", highlight=False)


@app.command()
def show(
    letter: Annotated[str, typer.Argument(metavar="ID", help="The letter's id, or how it begins.")],
    source: Source = None,
    config: Config = None,
    raw: Annotated[bool, typer.Option("--raw", help="Write the record's bytes alone, as they are.")] = False,
) -> None:
    """Show one dead letter: what is wrong, where the record lies, and the record.

    Example: sealwax dead-letters show 5c1f20 out/
    """
    found = [one for one in _letters(source, load_settings(config), None) if one.id.startswith(letter)]
    if len(found) != 1:
        raise UserError(f"ID: {len(found)} dead letters begin with {letter!r}; `sealwax dead-letters ls` lists them")
    if raw:
        sys.stdout.buffer.write(found[0].value)
        return
    console = Console(soft_wrap=True, highlight=False, markup=False)
    console.print(f"id        {found[0].id}")
    console.print(f"reason    {found[0].code}: {found[0].text}")
    position = found[0].position
    console.print(f"record    {position.topic}-{position.partition}, offset {position.offset}")
    console.print(f"bytes     {len(found[0].value):,}\n")
    console.print(readable(found[0].value))


@app.command()
def replay(
    source: Source = None,
    config: Config = None,
    reason: Reason = None,
    letter: Annotated[
        list[str] | None, typer.Option("--id", help="Only the letters whose ids begin so; may be repeated.")
    ] = None,
    from_file: Annotated[Path | None, typer.Option(help="Send mended records instead, one a line.")] = None,
    to_file: Annotated[Path | None, typer.Option(help="Write the records here, to be mended; send nothing.")] = None,
    to: Annotated[str | None, typer.Option(help="kafka://host:port; the settings' cluster by default.")] = None,
    topic: Annotated[str | None, typer.Option(help="Topic of --from-file; transactions by default.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would be sent.")] = False,
) -> None:
    """Send the records of dead letters to their topics again, where they are valid now.

    Example: sealwax dead-letters replay --reason invalid_field --dry-run
    """
    settings = load_settings(config)
    if from_file is None:
        candidates = from_letters(_chosen(_letters(source, settings, reason), letter))
    else:
        candidates = from_lines(_read(from_file).split(b"\n"), topic or settings.topics.transactions)
    if to_file is not None:
        _write_lines(candidates, to_file)
        return
    told_apart = sort_out(candidates, settings)
    if not dry_run:
        _send(told_apart, to or settings.kafka.url, settings)
    _report(told_apart, "would be sent" if dry_run else "sent")
    if told_apart.invalid:
        raise typer.Exit(1)


def _send(told_apart: Sorted, cluster: str, settings: Settings) -> None:
    if not cluster.startswith("kafka://"):
        raise UserError(f"--to: {cluster!r} is no cluster: give kafka://host:port, or write a file with --to-file")
    try:
        with closing(open_output(cluster, settings.kafka.client())) as log:
            send(told_apart.valid, log)
    except DeliveryError as error:
        raise UserError(
            f"{cluster}: {error}; not everything was sent, what was is dropped as a duplicate next time"
        ) from None


def _letters(source: str | None, settings: Settings, reason: str | None) -> list[DeadLetter]:
    letters = read_dead_letters(source or settings.kafka.url, settings)
    return [letter for letter in letters if reason in (None, letter.code)]


def _chosen(letters: list[DeadLetter], prefixes: list[str] | None) -> list[DeadLetter]:
    if not prefixes:
        return letters
    for prefix in prefixes:
        if not any(letter.id.startswith(prefix) for letter in letters):
            raise UserError(f"--id: no dead letter begins with {prefix!r}; `sealwax dead-letters ls` lists them")
    return [letter for letter in letters if letter.id.startswith(tuple(prefixes))]


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UserError(f"{path}: can't be read: {error.strerror}") from None


def _write_lines(candidates: list[Candidate], path: Path) -> None:
    lines = [line for candidate in candidates if (line := _as_line(candidate.value))]
    try:
        path.write_bytes(b"".join(line + b"\n" for line in lines))
    except OSError as error:
        raise UserError(f"{path}: can't be written: {error.strerror}") from None
    typer.echo(f"{len(lines):,} records written to {path}; mend them, then replay --from-file {path}")
    if left_out := len(candidates) - len(lines):
        typer.echo(f"{left_out:,} left out: empty, or of several lines and no JSON; show ID --raw writes one as it is")


def _as_line(value: bytes) -> bytes:
    if b"\n" not in value:
        return value
    try:
        return orjson.dumps(orjson.loads(value))
    except orjson.JSONDecodeError:
        return b""


def _report(told_apart: Sorted, done: str) -> None:
    for topic, count in Counter(candidate.topic for candidate, _ in told_apart.valid).items():
        typer.echo(f"{count:,} {done} to {topic}")
    if not told_apart.valid:
        typer.echo(f"0 {done}")
    if told_apart.invalid:
        typer.echo(f"{told_apart.invalid.total():,} still invalid:")
    for reason, count in told_apart.invalid.most_common(20):
        typer.echo(f"  {count:,} {reason}")


def readable(value: bytes) -> str:
    """Bytes for a reader: JSON indented, text as it is, anything else as a dump; the beginning where it is long."""
    try:
        text = orjson.dumps(orjson.loads(value), option=orjson.OPT_INDENT_2).decode()
    except orjson.JSONDecodeError:
        text = value.decode(errors="surrogateescape")
        if not all(character.isprintable() or character in "\n\t" for character in text):
            return _shortened(_dump(value[:_SHOWN_BYTES]), len(value) > _SHOWN_BYTES)
    return _shortened(text[:_SHOWN_BYTES], len(text) > _SHOWN_BYTES)


def _shortened(text: str, cut: bool) -> str:
    return f"{text}\n... (--raw writes all of it)" if cut else text


def _dump(value: bytes) -> str:
    rows = []
    for start in range(0, len(value), _WIDTH):
        row = value[start : start + _WIDTH]
        shown = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in row)
        rows.append(f"{start:08x}  {row.hex(' '):<{3 * _WIDTH}} {shown}")
    return "\n".join(rows)
