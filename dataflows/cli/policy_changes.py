"""`sealwax policy push`, `rollback` and `history`: the policy of a flow that runs, changed and looked at."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from msgspec import structs
from rich.console import Console
from rich.table import Table

from contracts.control import ControlChange
from contracts.messages import INITIAL, ChangeKind
from contracts.times import format_time
from dataflows.change_history import Entry, read_history
from dataflows.cli.changing import (
    PATIENCE,
    At,
    By,
    Config,
    Source,
    To,
    Wait,
    Why,
    described,
    new_change,
    send,
)
from dataflows.errors import UserError
from dataflows.features import load_feature_set
from dataflows.policies import load_with_files
from dataflows.request import DEFAULTS
from dataflows.settings import load_settings
from operators.policy import PolicyEngine, PolicyError
from operators.unknown_names import instead_of


def push(
    file: Annotated[Path, typer.Argument(metavar="POLICY", help="The policy's TOML file.")],
    config: Config = None,
    features: Annotated[
        Path | None, typer.Option(help="The feature set's TOML file; the settings' by default.")
    ] = None,
    to: To = None,
    at: At = None,
    by: By = None,
    reason: Why = "A new policy.",
    wait: Wait = PATIENCE,
) -> None:
    """Put a policy in force in a flow that runs: checked here, checked there, and from one event on in each partition.

    Example: sealwax policy push shop-policy.toml --reason "More reviews before the sale."
    """
    settings = load_settings(config, {"features": features})
    policy, text, files = load_with_files(file)
    try:
        PolicyEngine(policy, load_feature_set(settings.features or DEFAULTS / "shop-features.toml").names)
    except PolicyError as error:
        raise UserError(str(error)) from None
    change = new_change("policy", policy.version, by, reason)
    send([structs.replace(change, text=text, files=files)], settings, to, at, wait)


def rollback(
    config: Config = None,
    version: Annotated[
        str | None, typer.Option("--version", help='Back to this one, or "initial"; the one before by default.')
    ] = None,
    to: To = None,
    at: At = None,
    by: By = None,
    reason: Why = "Rolled back.",
    wait: Wait = PATIENCE,
) -> None:
    """Put the policy in force again that was before, perhaps the one that the flow was started with.

    Example: sealwax policy rollback --reason "Too many holds."
    """
    settings = load_settings(config)
    accepted = [entry.change for entry in read_history(to or settings.kafka.url, settings)]
    policies = [change for change in accepted if change.kind == "policy"]
    if not policies:
        raise UserError("no policy was ever pushed: the flow decides by the one that it was started with")
    change = new_change("policy", INITIAL, by, reason)
    if (before := _before(policies, version)) is not None:
        change = structs.replace(change, name=before.name, text=before.text, files=before.files)
    send([change], settings, to, at, wait, earliest=policies[-1].effective_at)  # which may lie ahead: of two, the later


def history(
    source: Source = None,
    config: Config = None,
    kind: Annotated[ChangeKind | None, typer.Option(help="Only changes of this kind.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="Show so many of the latest.")] = 20,
) -> None:
    """Show what has changed, by whom and why, and from which offset of each input partition on it counts.

    Example: sealwax policy history --kind policy
    """
    settings = load_settings(config)
    entries = read_history(source or settings.kafka.url, settings)
    entries = [entry for entry in entries if kind in (None, entry.change.kind)]
    table = Table(box=None, pad_edge=False)
    for heading in ("effective at", "what", "by", "reason", "first offsets"):
        table.add_column(heading, no_wrap=heading == "effective at", overflow="fold")
    for entry in entries[-limit:]:
        change = entry.change
        table.add_row(
            format_time(change.effective_at), described(change), change.by, change.reason, _first_offsets(entry)
        )
    console = Console(highlight=False, markup=False)
    console.print(table)
    console.print(f"{len(entries):,} changes, {min(limit, len(entries)):,} shown")


def _before(policies: Sequence[ControlChange], version: str | None) -> ControlChange | None:
    """The latest of a version, or of another than the present one; None: that which the flow was started with."""
    if version is None:
        found = [change for change in policies if change.name != policies[-1].name]
    else:
        found = [change for change in policies if change.name == version]
    if not found and version not in (None, INITIAL):
        known = sorted({change.name for change in policies} | {INITIAL})
        raise UserError(f"--version: {version} was never in force; {instead_of(str(version), known)}")
    return found[-1] if found else None


def _first_offsets(entry: Entry) -> str:
    return ", ".join(f"{name.rpartition('-')[2]}: {offset}" for name, offset in sorted(entry.positions.items()))
