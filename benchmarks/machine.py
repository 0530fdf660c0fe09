"""The machine that figures come from, and how fast it is just now."""

import os
import platform
import re
import time
from pathlib import Path
from statistics import median

import orjson

_RECORD = orjson.dumps({"event_id": "e1", "user_id": "u1", "amount": 12.5, "event_time": "2026-01-31T12:00:00.000Z"})
_ROUNDS = 100_000


def machine() -> str:
    """The processor and how busy it is."""
    models = re.findall(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    model = models[0] if models else platform.processor()
    return f"{model}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, Python {platform.python_version()}"


def calibration() -> float:
    """CPU in µs of one turn of a fixed loop: parse a small record, count it by its key, write it again.

    The same code on the same idle machine gives the same figure; others' work on a shared machine shows in it.
    """
    return median(_loop() for _ in range(5))


def _loop() -> float:
    counts: dict[int, int] = {}
    started = time.process_time()
    for number in range(_ROUNDS):
        record = orjson.loads(_RECORD)
        key = number % 1_000
        record["count"] = counts[key] = counts.get(key, 0) + 1
        orjson.dumps(record)
    return (time.process_time() - started) / _ROUNDS * 1e6
