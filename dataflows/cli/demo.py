"""`sealwax demo`: everything on this machine, in a minute or two."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from dataflows.demo.html_report import report as render
from dataflows.demo.plan import DemoPlan
from dataflows.demo.screen import LiveScreen, PlainScreen
from dataflows.demo.session import Demo
from dataflows.demo.summary import faults, print_summary
from dataflows.errors import UserError

_SHOP = DemoPlan()
_EXIT_WRONG = 1


def demo(
    seconds: Annotated[float, typer.Option(min=1, max=600, help="How long the live part takes.")] = _SHOP.seconds,
    rate: Annotated[float, typer.Option(min=1, max=5_000, help="Records a second, while live.")] = _SHOP.rate,
    users: Annotated[int, typer.Option(min=10, help="How many people the shop has.")] = _SHOP.users,
    seed: Annotated[int, typer.Option(help="The same seed gives the same shop.")] = _SHOP.seed,
    history: Annotated[int, typer.Option(min=0, help="Records to catch up on first.")] = _SHOP.history,
    processes: Annotated[int, typer.Option(min=1, max=64, help="Engine processes.")] = _SHOP.processes,
    checkpoint: Annotated[
        str | None, typer.Option(help='A checkpoint\'s directory, "fake" or "none"; by default the shop\'s own.')
    ] = None,
    report: Annotated[Path, typer.Option(help="Where the HTML report goes.")] = Path("out/demo.html"),
    keep: Annotated[bool, typer.Option("--keep", help="Keep the broker's data, the flow's state and logs.")] = False,
) -> None:
    """Stream a simulated shop through the live flow, with an embedded broker, and watch what it decides.

    Example: sealwax demo --seconds 120 --rate 1000 --report demo.html
    """
    plan = DemoPlan(seconds, rate, users, seed, history, processes, checkpoint)
    plan.shop()
    _check(report)
    console = Console()
    screen = LiveScreen(console) if console.is_terminal else PlainScreen(console)
    with _workplace(console, keep) as directory:
        outcome = Demo(plan, directory, screen).run()
    print_summary(console, outcome)
    report.write_text(render(outcome), encoding="utf-8")
    console.print(f"report: {report.absolute()}", markup=False, highlight=False, soft_wrap=True)
    if any(faults(outcome)):
        raise typer.Exit(_EXIT_WRONG)


def _check(report: Path) -> None:
    """Before a minute is spent on what can't be written in the end."""
    try:
        report.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"--report {report}: its directory can't be made: {error.strerror}") from None
    if report.is_dir() or not os.access(report if report.exists() else report.parent, os.W_OK):
        raise UserError(f"--report {report}: can't be written: name a file in a directory of yours")


@contextmanager
def _workplace(console: Console, keep: bool) -> Iterator[Path]:
    directory = Path(tempfile.mkdtemp(prefix="sealwax-demo-"))
    try:
        yield directory
    finally:
        if keep:
            console.print(f"kept: {directory}", markup=False, highlight=False, soft_wrap=True)
        else:
            shutil.rmtree(directory, ignore_errors=True)
