"""Policies from files."""

from pathlib import Path

from dataflows.errors import UserError
from operators.policy import Policy, PolicyError, parse_policy


def load_policy(path: Path) -> Policy:
    """The policy in a TOML file; its lists' files lie relative to it. Raises UserError."""
    try:
        return parse_policy(_text(path), str(path), lambda name: _text(path.parent / name))
    except PolicyError as error:
        raise UserError(str(error)) from None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise UserError(f"{path}: can't be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: not UTF-8 at byte {error.start}: save it as UTF-8") from None
