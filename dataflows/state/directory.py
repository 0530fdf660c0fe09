"""The state directory: a marker file that says what it is, and a table for each step and key group."""

import os
import re
import resource
from pathlib import Path

import msgspec

from contracts.keys import KEY_GROUPS
from dataflows.state.errors import StateError
from dataflows.state.log_store import LogStore
from dataflows.state.store import GroupStore

FORMAT = 3

_MARKER = "sealwax-state.json"
_NAME = re.compile(r"[A-Za-z0-9_-]+")


class _Marker(msgspec.Struct, forbid_unknown_fields=True):
    format: int
    key_groups: int


class StateDirectory:
    """Opens the tables of a flow's steps. Processes share a directory; a table is open in one of them at a time."""

    def __init__(self, path: Path) -> None:
        """Make the directory if it is missing. Raises StateError where it isn't one of ours, or of other key groups."""
        self._path = path
        path.mkdir(parents=True, exist_ok=True)
        _check_marker(path)
        _allow_open_files()

    def table(self, step: str, group: str) -> GroupStore:
        """The store of a step in a key group. Raises StateLockedError, StateDamagedError."""
        for name in (step, group):
            if not _NAME.fullmatch(name):
                raise ValueError(f"{name!r} can't name a step or a key group: letters, digits, '_', '-' only")
        return LogStore(self._path / step / group)


def _check_marker(path: Path) -> None:
    marker = path / _MARKER
    if not marker.exists():
        if any(not entry.name.startswith(_MARKER) for entry in path.iterdir()) and not marker.exists():
            raise StateError(f"{path} is not empty and not a state directory: name an empty or a new one")
        _write_marker(marker)
    try:
        found = msgspec.json.decode(marker.read_bytes(), type=_Marker)
    except msgspec.MsgspecError as error:
        raise StateError(f"{marker} can't be read ({error}): {path} is not a state directory, or is damaged") from error
    if found.format != FORMAT:
        raise StateError(
            f"{path} has state of format {found.format}, this version reads {FORMAT}: start with a new one"
        )
    if found.key_groups != KEY_GROUPS:
        raise StateError(f"{path} has {found.key_groups} key groups, this version {KEY_GROUPS}: start with a new one")


def _write_marker(marker: Path) -> None:
    """Whole or not at all, also where several processes start at once."""
    draft = marker.with_name(f"{_MARKER}.{os.getpid()}")
    draft.write_bytes(msgspec.json.encode(_Marker(FORMAT, KEY_GROUPS)) + b"\n")
    draft.replace(marker)


def _allow_open_files() -> None:
    """Two or three descriptors a table, a table a step and key group: the usual soft limit of 1,024 is soon reached."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
