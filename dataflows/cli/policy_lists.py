"""`sealwax policy lists`: entries that join and leave the lists of a flow's policy."""

import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from msgspec import structs
from rich.console import Console
from rich.table import Table

from contracts.times import format_time
from dataflows.cli.changing import PATIENCE, At, By, Config, Source, To, Wait, Why, new_change, send
from dataflows.control_sending import latest_changes
from dataflows.errors import UserError
from dataflows.policies import load_policy
from dataflows.request import DEFAULTS
from dataflows.settings import Settings, load_settings
from operators.policy import PolicyError, parse_policy
from operators.unknown_names import instead_of

app = typer.Typer(help="Let entries join and leave the lists of the policy, and look at them.")


@app.command("add")
def add(
    name: Annotated[str, typer.Argument(metavar="LIST", help="The list, as the policy names it.")],
    entries: Annotated[list[str] | None, typer.Argument(metavar="ENTRY...", help="What joins it.")] = None,
    file: Annotated[Path | None, typer.Option(help="What joins it, one a line.")] = None,
    config: Config = None,
    to: To = None,
    at: At = None,
    by: By = None,
    reason: Why = "Added to the list.",
    wait: Wait = PATIENCE,
) -> None:
    """Let entries join a list.

    Example: sealwax policy lists add blocked_users u4711 u4712 --reason "Chargebacks."
    """
    _move(name, _entries(entries, file), True, load_settings(config), to, at, by, reason, wait)


@app.command("remove")
def remove(
    name: Annotated[str, typer.Argument(metavar="LIST", help="The list, as the policy names it.")],
    entries: Annotated[list[str] | None, typer.Argument(metavar="ENTRY...", help="What leaves it.")] = None,
    file: Annotated[Path | None, typer.Option(help="What leaves it, one a line.")] = None,
    config: Config = None,
    to: To = None,
    at: At = None,
    by: By = None,
    reason: Why = "Removed from the list.",
    wait: Wait = PATIENCE,
) -> None:
    """Let entries leave a list, also those that the policy's own file has on it.

    Example: sealwax policy lists remove blocked u4711 --reason "Cleared."
    """
    _move(name, _entries(entries, file), False, load_settings(config), to, at, by, reason, wait)


@app.command("show")
def show(
    name: Annotated[str, typer.Argument(metavar="LIST", help="The list, as the policy names it.")],
    source: Source = None,
    config: Config = None,
) -> None:
    """Show what has joined and left a list, each entry's latest.

    Example: sealwax policy lists show blocked
    """
    settings = load_settings(config)
    changes = latest_changes(source or settings.kafka.url, settings)
    found = [change for change in changes if change.kind == "list" and change.name == name]
    table = Table(box=None, pad_edge=False)
    for heading in ("entry", "", "effective at", "by", "reason"):
        table.add_column(heading, overflow="fold")
    for change in found:
        moved = "joins" if change.member else "leaves"
        table.add_row(change.entry, moved, format_time(change.effective_at), change.by, change.reason)
    console = Console(highlight=False, markup=False)
    console.print(table)
    console.print(f"{len(found):,} entries, besides those in the policy's own file")


def _move(
    name: str, entries: Sequence[str], member: bool, settings: Settings, to: str | None, at: str | None,
    by: str | None, reason: str, wait: float,
) -> None:  # fmt: skip
    known = _known_lists(to or settings.kafka.url, settings)
    if name not in known:
        raise UserError(f'LIST: no policy has a list "{name}"; {instead_of(name, known)}')
    change = new_change("list", name, by, reason)
    changes = [structs.replace(change, change_id=uuid.uuid4().hex, entry=entry, member=member) for entry in entries]
    send(changes, settings, to, at, wait)


def _known_lists(url: str, settings: Settings) -> list[str]:
    """Of the settings' policy, and of all that were pushed."""
    known = set(load_policy(settings.policy or DEFAULTS / "shop-policy.toml").lists)
    if url.startswith("kafka://"):
        for change in latest_changes(url, settings):
            if change.text:
                try:
                    known.update(parse_policy(change.text, change.name, change.files.__getitem__).lists)
                except (PolicyError, KeyError):
                    continue  # the flow has refused it
    return sorted(known)


def _entries(given: list[str] | None, file: Path | None) -> list[str]:
    try:
        lines = file.read_text(encoding="utf-8").splitlines() if file else []
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{file}: can't be read: {error}") from None
    entries = [*(given or ()), *(line.strip() for line in lines if line.strip())]
    if not entries:
        raise UserError("ENTRY: missing: name what is meant, or a --file with one a line")
    return entries
