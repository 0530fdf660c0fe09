"""Runs command lines of `sealwax` in this process."""

from collections.abc import Callable
from typing import NamedTuple

import pytest

from dataflows import cli


class Outcome(NamedTuple):
    """What a command left: its exit status and what it printed."""

    status: int
    out: str
    err: str


Sealwax = Callable[..., Outcome]


def runner(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Sealwax:
    """A function that runs `sealwax ARGUMENTS...`, with a terminal wide enough for any line."""
    monkeypatch.setenv("COLUMNS", "400")

    def run(*arguments: object) -> Outcome:
        capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            cli.main([str(argument) for argument in arguments])
        printed = capsys.readouterr()
        return Outcome(int(end.value.code or 0), printed.out, printed.err)

    return run
