"""The overview, the help of every command, and how the command line ends."""

import inspect
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import typer

from dataflows import cli
from dataflows.errors import UserError
from tests.cli.parsing import parses
from tests.cli.running import Sealwax

HEAVY = ("torch", "transformers", "numpy", "pyarrow", "bytewax", "confluent_kafka", "pydantic", "prometheus_client")


def _functions() -> Iterator[tuple[str, Callable[..., Any]]]:
    """Every command's words after `sealwax`, and the function behind it."""
    for name, command in cli.COMMANDS.items():
        loaded = cli._load(command)
        if not isinstance(loaded, typer.Typer):
            yield name, loaded
            continue
        if loaded.registered_callback is not None:
            yield name, loaded.registered_callback.callback
        for info in loaded.registered_commands:
            assert info.callback is not None
            yield f"{name} {info.name or info.callback.__name__}", info.callback


FUNCTIONS = dict(_functions())


def test_the_overview_lists_every_command(sealwax: Sealwax) -> None:
    shown = sealwax("--help")
    assert shown.status == 0
    for name, command in cli.COMMANDS.items():
        assert re.search(rf"{name} +{re.escape(command.summary)}", shown.out)


def test_the_overview_imports_nothing_heavy() -> None:
    program = f"""
import sys
from dataflows.cli import main
try:
    main(["--help"])
except SystemExit:
    sys.exit(" ".join(name for name in {HEAVY} if name in sys.modules))
"""
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert ended.stderr.strip() == ""


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_the_overview_says_what_the_command_says(name: str) -> None:
    loaded = cli._load(cli.COMMANDS[name])
    said = inspect.getdoc(FUNCTIONS[name]) if name in FUNCTIONS else loaded.info.help
    assert said is not None
    assert said.split("\n\n")[0].replace("\n", " ") == cli.COMMANDS[name].summary


@pytest.mark.parametrize("words", FUNCTIONS)
def test_every_command_has_help_with_an_example(words: str, sealwax: Sealwax) -> None:
    shown = sealwax(*words.split(), "--help")
    assert shown.status == 0
    assert "Example:" in shown.out


@pytest.mark.parametrize("words", FUNCTIONS)
def test_every_example_parses(words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text = inspect.getdoc(FUNCTIONS[words]) or ""
    examples = re.findall(r"^(?:Example: )?(sealwax .+?)(?:\n\n|\Z)", text, re.DOTALL | re.MULTILINE)
    assert examples
    for example in examples:
        line = shlex.split(example.replace("\n", " "))
        assert " ".join(line[1:]).startswith(words)
        assert parses(monkeypatch, line[1:])


def test_groups_and_the_whole_need_a_command(sealwax: Sealwax) -> None:
    assert "Usage: sealwax" in sealwax().out
    assert "Usage: sealwax topics" in sealwax("topics").out


def test_the_version(sealwax: Sealwax) -> None:
    assert re.fullmatch(r"sealwax \d+\.\d+\.\d+\n", sealwax("--version").out)


def _raising(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def command() -> None:
        raise error

    monkeypatch.setattr(cli, "_load", lambda _: command)


def test_a_users_mistake_is_told_without_a_traceback(sealwax: Sealwax, monkeypatch: pytest.MonkeyPatch) -> None:
    _raising(monkeypatch, UserError("p.toml: rules[2]: no feature [bold]'amout'[/bold]; did you mean 'amount'?"))
    ended = sealwax("doctor")
    assert ended == (2, "", "error: p.toml: rules[2]: no feature [bold]'amout'[/bold]; did you mean 'amount'?\n")


def test_ctrl_c_ends_quietly(sealwax: Sealwax, monkeypatch: pytest.MonkeyPatch) -> None:
    _raising(monkeypatch, KeyboardInterrupt())
    assert sealwax("doctor") == (130, "", "")


def test_a_mistake_of_ours_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    _raising(monkeypatch, ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        cli.main(["doctor"])


@pytest.mark.parametrize(
    "arguments", [["nonsense"], ["doctor", "--nonsense"], ["topics", "nonsense"], ["doctor", "extra"]]
)
def test_a_wrong_command_line_is_an_error_of_the_user(arguments: list[str], sealwax: Sealwax) -> None:
    ended = sealwax(*arguments)
    assert ended.status == 2
    assert "Traceback" not in ended.err
