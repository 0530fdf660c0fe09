"""A PostgreSQL server of the tests' own: on a free port, with a new data directory, gone at the end."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

import psycopg

_DEBIANS: Final = Path("/usr/lib/postgresql")
_PATIENCE: Final = 60.0
_QUICK: Final = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")
"""Nothing has to survive the machine: a killed server's data does, and that of killed clients anyway."""


class NoServerError(Exception):
    """There is no PostgreSQL server on this machine, or nobody to run it."""


@contextmanager
def postgres_server() -> Iterator[str]:
    """The URL of a database whose user may do everything. Raises NoServerError."""
    programs, account = _programs(), _account()
    memory = Path("/dev/shm")
    root = Path(tempfile.mkdtemp(prefix="postgres-", dir=memory if memory.is_dir() else None))
    try:
        if account:
            os.chown(root, account["user"], account["group"])
        port = _free_port()
        with (root / "log").open("wb") as log:
            said: dict[str, Any] = {"stdout": log, "stderr": subprocess.STDOUT, "cwd": root, **account}
            initdb = [
                programs / "initdb",
                "-D",
                root / "data",
                "-U",
                "sealwax",
                "-A",
                "trust",
                "-E",
                "UTF8",
                "--no-sync",
            ]
            subprocess.run([*initdb, "--locale=C"], check=True, **said)
            options = [part for setting in _QUICK for part in ("-c", setting)]
            listening = ["-h", "127.0.0.1", "-p", str(port), "-k", str(root)]
            server = subprocess.Popen([programs / "postgres", "-D", root / "data", *listening, *options], **said)
        try:
            url = f"postgresql://sealwax@127.0.0.1:{port}/postgres"
            _await_answer(url, server, root / "log")
            yield url
        finally:
            server.terminate()
            server.wait(_PATIENCE)
    finally:
        shutil.rmtree(root)


def _programs() -> Path:
    """The directory with the newest server's programs; Debian doesn't put it into PATH."""
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    versions = sorted(_DEBIANS.glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    if not versions:
        raise NoServerError("no PostgreSQL server is installed here (Debian: apt-get install postgresql)")
    return versions[-1].parent


def _account() -> dict[str, Any]:
    """Who runs the server, as subprocess takes it: it refuses to run as root."""
    if os.geteuid():
        return {}
    for name in ("postgres", "nobody"):
        try:
            user = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    raise NoServerError("root can't run PostgreSQL, and there is neither a user postgres nor nobody")


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
    return port


def _await_answer(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _PATIENCE
    while server.poll() is None and time.monotonic() < deadline:
        try:
            with closing(psycopg.connect(url)):
                return
        except psycopg.OperationalError:
            time.sleep(0.05)
    server.kill()
    raise AssertionError(f"PostgreSQL did not start:\n{log.read_text()}")
