"""What a killed demo leaves behind: nothing."""

import os
import signal
import subprocess
import sys
import time

import psutil

from tests.processes import wait_until

HEIR = """
import subprocess, sys, time
from dataflows.demo.last_will import LastWill
child = subprocess.Popen(["sleep", "60"], start_new_session=True)
will = LastWill(child.pid)
if sys.argv[1] == "revoke":
    will.revoke()
print(child.pid, flush=True)
time.sleep(60)
"""


def killed(mode: str) -> psutil.Process:
    """The child of a process that was killed."""
    with subprocess.Popen([sys.executable, "-c", HEIR, mode], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        os.kill(parent.pid, signal.SIGKILL)
    return child


def test_a_process_ends_with_its_killed_parent() -> None:
    child = killed("keep")
    wait_until(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE)


def test_a_revoked_will_kills_nobody() -> None:
    child = killed("revoke")
    time.sleep(0.2)
    assert child.status() != psutil.STATUS_ZOMBIE
    child.kill()
