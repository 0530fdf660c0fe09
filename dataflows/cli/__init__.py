"""The command line. A command is imported when it is asked for, so that `sealwax --help` stays fast."""

import sys
from collections.abc import Callable, Sequence
from importlib import import_module, metadata
from typing import Annotated, Any, Final, NamedTuple

import typer

from dataflows.errors import UserError

EXIT_USER_ERROR: Final = 2


class Command(NamedTuple):
    """Where a command is (`module:name`, a function or a group of commands) and the line that the overview shows."""

    place: str
    summary: str


COMMANDS: Final = {
    "demo": Command(
        "demo:demo",
        "Stream a simulated shop through the live flow, with an embedded broker, and watch what it decides.",
    ),
    "run": Command("run:run", "Score a stream of events continuously, on as many processes as wanted."),
    "features": Command(
        "features:app",
        "Compute the features of past events, as they would have been live, into a Parquet file.",
    ),
    "import": Command("import_:import_", "Turn CSV or Parquet tables into events and labels, in time order."),
    "simulate": Command(
        "simulate:simulate",
        "Simulate a shop: thousands of people with habits, seven kinds of abuse, and labels that come late.",
    ),
    "train": Command("train:train", "Train a scorer on past events and what became known of them."),
    "evaluate": Command(
        "evaluate:evaluate",
        "Judge a checkpoint on past events: ranking, card precision, a false-positive budget, calibration, slices.",
    ),
    "policy": Command(
        "policy:app", "Check policies before they decide about anybody, and change that of a running flow."
    ),
    "explain": Command(
        "explain:explain", "Say why one event has its score: what moved it, and what it would have been otherwise."
    ),
    "topics": Command("topics:app", "Create, list and fill the flow's Kafka topics."),
    "dead-letters": Command("dead_letters:app", "Look through what could not be read, and send it again."),
    "holds": Command("holds:app", "Keep orders on hold as the policy says; look at holds, release and confirm them."),
    "doctor": Command("doctor:doctor", "Check this machine, the settings and what they name."),
}
"""By the name that users type, in the order of the overview."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and leave with its exit status: 2 where the user must mend something."""
    arguments = sys.argv[1:] if arguments is None else arguments
    asked = next((argument for argument in arguments if not argument.startswith("-")), None)
    try:
        _app(asked)(list(arguments), prog_name="sealwax")
    except UserError as error:
        typer.secho(f"error: {error}", fg="red", err=True)
        sys.exit(EXIT_USER_ERROR)


def _app(asked: str | None) -> typer.Typer:
    """All commands, with only the one that was asked for imported."""
    app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
    app.callback()(_sealwax)
    for name, command in COMMANDS.items():
        found = _load(command) if name == asked else _only_listed
        if isinstance(found, typer.Typer):
            app.add_typer(found, name=name, no_args_is_help=True)
        elif name == asked:
            app.command(name)(found)
        else:
            app.command(name, help=command.summary)(found)
    return app


def _load(command: Command) -> Callable[..., Any] | typer.Typer:
    module, _, name = command.place.partition(":")
    loaded: Callable[..., Any] | typer.Typer = getattr(import_module(f"{__name__}.{module}"), name)
    return loaded


def _only_listed() -> None:
    raise AssertionError("the command that is run is always loaded")


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"sealwax {metadata.version('sealwax')}")
        raise typer.Exit


def _sealwax(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Real-time risk scoring of e-commerce event streams.

    Example: sealwax run --source events.jsonl --sink out --stop-at-end
    """
