"""The wish that this process ends. Sources that see it report their end: the epoch closes and nothing is replayed."""

import signal
import threading
from types import FrameType
from typing import Final

DRAIN_SECONDS: Final = 4
"""A drain that takes longer is cut off. That is safe: what was not yet durable is replayed."""

draining: Final = threading.Event()
"""Set once this process has been asked to end. Reading it costs an attribute look-up."""


def drain_on_signals() -> None:
    """Let SIGTERM and SIGINT set `draining`. Call it in the main thread."""
    for signum in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signum, _drain)


def _drain(_signum: int, _frame: FrameType | None) -> None:
    draining.set()
    signal.alarm(DRAIN_SECONDS + 1)  # Peers that were not asked to end would keep this process waiting for ever.
