"""The state directory: a marker file that says what it is, and a database per key group."""

import os
import re
from functools import partial
from pathlib import Path

import msgspec

from contracts.keys import KEY_GROUPS
from dataflows.state.database import GroupDatabase, group_options
from dataflows.state.errors import StateError, StateLockedError
from dataflows.state.store import GroupStore
from dataflows.state.table import Table

FORMAT = 1

_MARKER = "sealwax-state.json"
_NAME = re.compile(r"[A-Za-z0-9_.-]+")


class _Marker(msgspec.Struct, forbid_unknown_fields=True):
    format: int
    key_groups: int


class StateDirectory:
    """Opens the tables of a flow's steps. Several processes may share a directory, each with key groups of its own."""

    def __init__(self, path: Path) -> None:
        """Make the directory if it is missing. Raises StateError where it isn't one of ours, or of other key groups."""
        self._path = path
        self._options = group_options()
        self._groups: dict[str, GroupDatabase] = {}
        self._open: set[tuple[str, str]] = set()
        path.mkdir(parents=True, exist_ok=True)
        _check_marker(path)

    def table(self, step: str, group: str) -> GroupStore:
        """The store of a step in a key group. Raises StateLockedError, StateDamagedError."""
        for name in (step, group):
            if not _NAME.fullmatch(name):
                raise ValueError(f"{name!r} can't name a step or a key group: letters, digits, '_', '.', '-' only")
        if (step, group) in self._open:
            raise StateLockedError(f"{self._path}: step {step!r} has key group {group} open already in this process")
        if group not in self._groups:
            self._groups[group] = GroupDatabase(self._path / group, self._options)
        table = Table(self._groups[group], step, on_close=partial(self._close, step, group))
        self._open.add((step, group))
        return table

    def _close(self, step: str, group: str) -> None:
        self._open.discard((step, group))
        if all(other != group for _, other in self._open) and group in self._groups:
            self._groups.pop(group).close()


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
