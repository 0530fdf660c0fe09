"""Processes that must not outlive this one, even where it is killed and can't end them itself."""

import subprocess
from typing import Final

_WATCH: Final = 'read -r over || kill -9 "$@"'
"""A shell that reads until this process has a word for it, or is gone and the pipe has ended."""


class LastWill:
    """Kills a process once this one is gone, unless revoked before."""

    def __init__(self, pid: int) -> None:
        self._shell = subprocess.Popen(
            ["sh", "-c", _WATCH, "sh", str(pid)],
            stdin=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def revoke(self) -> None:
        """The process has ended: its id may be another's soon."""
        self._shell.communicate(b"over\n")
