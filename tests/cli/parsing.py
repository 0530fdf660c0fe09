"""Parses command lines of `sealwax` without running them."""

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

import pytest
import typer

from dataflows import cli


def parses(monkeypatch: pytest.MonkeyPatch, arguments: Sequence[str]) -> bool:
    """Whether a command line (what follows `sealwax`) names a command and gives it what it takes."""
    load = cli._load
    monkeypatch.setattr(cli, "_load", lambda command: _idle(load(command)))
    with pytest.raises(SystemExit) as end:
        cli.main(arguments)
    monkeypatch.setattr(cli, "_load", load)
    return end.value.code in (0, None)


def _idle(command: Callable[..., Any] | typer.Typer) -> Callable[..., Any] | typer.Typer:
    return _idle_group(command) if isinstance(command, typer.Typer) else _doing_nothing(command)


def _idle_group(command: typer.Typer) -> typer.Typer:
    group = typer.Typer(cls=command.info.cls, help=command.info.help)
    if command.registered_callback is not None:
        group.callback(invoke_without_command=True)(_doing_nothing(command.registered_callback.callback))
    for info in command.registered_commands:
        assert info.callback is not None
        group.command(info.name)(_doing_nothing(info.callback))
    for inner in command.registered_groups:
        assert inner.typer_instance is not None
        group.add_typer(_idle_group(inner.typer_instance), name=inner.name)
    return group


def _doing_nothing(command: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(command)
    def idle(**_: Any) -> None:
        return None

    return idle
