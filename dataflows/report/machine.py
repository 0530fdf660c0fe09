"""What a report says of the machine it was made on."""

import os
import platform
from pathlib import Path

import psutil


def machine() -> list[tuple[str, str]]:
    """Processor, memory and system; no names of hosts or people."""
    return [
        ("processor", f"{_processor()}, {len(os.sched_getaffinity(0)) if _HAS_AFFINITY else os.cpu_count()} cores"),
        ("memory", f"{psutil.virtual_memory().total / 1024**3:.0f} GiB"),
        ("system", f"{platform.system()} {platform.release()}, Python {platform.python_version()}"),
    ]


_HAS_AFFINITY = hasattr(os, "sched_getaffinity")


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
