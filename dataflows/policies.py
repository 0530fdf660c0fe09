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


def load_with_files(path: Path) -> tuple[Policy, str, dict[str, str]]:
    """The same, with the file's text and those of its lists' files by their names in it. Raises UserError."""
    policy, files = load_policy(path), dict[str, str]()

    def read_list(name: str) -> str:
        files[name] = _text(path.parent / name)
        return files[name]

    text = _text(path)
    parse_policy(text, str(path), read_list)
    return policy, text, files


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise UserError(f"{path}: can't be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: not UTF-8 at byte {error.start}: save it as UTF-8") from None
