"""`sealwax run` as a user starts it."""

import json
import subprocess
import sys
from typing import Any

from dataflows.settings import Settings
from tests.processes import ROOT


def start(settings: Settings, *flags: str) -> subprocess.Popen[str]:
    """`sealwax run` with these settings, its output kept."""
    directory = settings.state.directory.parent
    file = directory / "sealwax.toml"
    file.write_text(as_toml(settings.to_wire()))
    return subprocess.Popen(
        [sys.executable, "-m", "dataflows.cli", "run", "--config", str(file), *flags],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
    )


def as_toml(settings: dict[str, Any]) -> str:
    """A settings file."""
    plain = [_line(name, value) for name, value in settings.items() if not isinstance(value, dict)]
    sections = [
        f"[{name}]\n" + "".join(_line(*item) for item in section.items())
        for name, section in settings.items()
        if isinstance(section, dict)
    ]
    return "".join(plain + sections)


def _line(name: str, value: Any) -> str:
    """Texts, numbers and booleans are in TOML as they are in JSON."""
    return "" if value is None or value == {} else f"{name} = {json.dumps(value)}\n"
