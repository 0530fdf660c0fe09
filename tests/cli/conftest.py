"""The command line as a function."""

from pathlib import Path

import pytest

from tests.cli.running import Sealwax, runner


@pytest.fixture
def sealwax(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Sealwax:
    """Runs a command line in an empty directory."""
    monkeypatch.chdir(tmp_path)
    return runner(capsys, monkeypatch)
