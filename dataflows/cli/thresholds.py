"""`sealwax policy thresholds`: thresholds that adapt to recent scores and labels."""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, BinaryIO, Final

import typer
from rich.console import Console

from contracts.control import ControlChange, encode_control
from contracts.times import format_time
from dataflows.connectors.base import DeliveryError, InputError
from dataflows.drain import drain_on_signals
from dataflows.errors import UserError
from dataflows.new_file import new_file
from dataflows.policies import load_policy
from dataflows.settings import load_settings
from operators.durations import parse_duration

STATE: Final = Path(".sealwax/thresholds.json")


def thresholds(
    policy: Annotated[Path | None, typer.Option(help="The policy's TOML file.")] = None,
    config: Annotated[Path | None, typer.Option(help="Settings file; sealwax.toml where there is one.")] = None,
    source: Annotated[
        str | None, typer.Option(help="Risk updates: kafka://host:port, a file or a directory; the settings' cluster.")
    ] = None,
    labels: Annotated[str | None, typer.Option(help="Labels, likewise; looked for beside the risk updates.")] = None,
    sink: Annotated[str | None, typer.Option(help="kafka://host:port of the flow; the settings' cluster.")] = None,
    output: Annotated[
        Path | None, typer.Option(help="Write the moves that follow from what is there now to this file instead.")
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="Look once at all that is there now, and end.")] = False,
    ahead: Annotated[
        str, typer.Option(help="So much later in event time than what it follows from, a move counts.")
    ] = "5m",
    state: Annotated[Path, typer.Option(help="Where it notes how far it has come.")] = STATE,
) -> None:
    """Move a policy's thresholds, within their rails, to keep holds within a capacity or mistakes at the least cost.

    Beside a live flow it runs until it is stopped, and tells the flow through the topic `control`.

    Example: sealwax policy thresholds --policy P.toml --source kafka://localhost:9092 --sink kafka://localhost:9092

    Of past updates it makes a file for a replay: sealwax policy thresholds --policy P.toml --source out/ --labels
    labels.jsonl --output control.jsonl
    """
    from dataflows.adapting import adapt_live, adapt_past, adapting_task
    from dataflows.request import DEFAULTS

    settings = load_settings(config, {"policy": policy})
    read = load_policy(settings.policy or DEFAULTS / "shop-policy.toml")
    task = adapting_task(read, settings, source or settings.kafka.url, labels, _duration(ahead))
    if output is None:
        moves = adapt_live(task, _cluster(sink or settings.kafka.url), state, once=once)
        drain_on_signals()
        try:
            _follow(moves, None)
        except (DeliveryError, InputError) as error:
            raise UserError(f"{error}; start it again: it goes on from where it was") from None
    elif sink is not None or once:
        raise UserError("--output: writes what follows from the past; leave --sink and --once out")
    else:
        with new_file(output) as file:
            _follow(adapt_past(task), file)


def _follow(changes: Iterable[ControlChange], file: BinaryIO | None) -> None:
    """Tell of each move as it comes, and keep it in the file."""
    console = Console(highlight=False, soft_wrap=True, markup=False)
    moves = 0
    for change in changes:
        moves += 1
        if file is not None:
            file.write(encode_control(change) + b"\n")
        console.print(f"{format_time(change.effective_at)}  {change.name} {change.value:g}  {change.reason}")
    console.print(f"{moves:,} moves")


def _duration(text: str) -> int:
    try:
        return parse_duration(text)
    except ValueError as error:
        raise UserError(f"--ahead: {error}") from None


def _cluster(url: str) -> str:
    if not url.startswith("kafka://"):
        raise UserError(f"--sink: {url!r} is no cluster: give kafka://host:port, or write a file with --output")
    return url
