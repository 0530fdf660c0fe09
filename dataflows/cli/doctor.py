"""`sealwax doctor`: is everything here that a run needs?"""

from collections import Counter
from pathlib import Path
from typing import Annotated, Final

import typer

from dataflows.checks import Finding, run_checks
from dataflows.settings import load_settings

_COLOURS: Final = {"ok": "green", "warn": "yellow", "fail": "red"}


def doctor(
    config: Annotated[Path | None, typer.Option(help="Settings file; sealwax.toml where there is one.")] = None,
) -> None:
    """Check this machine, the settings and what they name.

    Example: sealwax doctor --config sealwax.toml
    """
    levels: Counter[str] = Counter()
    for finding in run_checks(load_settings(config)):
        levels[finding.level] += 1
        _show(finding)
    typer.echo(f"{levels['ok']} ok, {levels['warn']} to look at, {levels['fail']} to mend")
    if levels["fail"]:
        raise typer.Exit(1)


def _show(finding: Finding) -> None:
    typer.secho(f"{finding.level:<5}", fg=_COLOURS[finding.level], nl=False)
    typer.echo(f"{finding.text}{f': {finding.fix}' if finding.fix else ''}")
