"""Durations as people write them in TOML files: a whole number and one unit."""

import re
from typing import Final

_UNITS: Final = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_DURATION = re.compile(r"([0-9]{1,12})(ms|s|m|h|d)")


def parse_duration(text: str) -> int:
    """Milliseconds of a duration such as "500ms", "2s", "30m", "12h" or "7d". Raises ValueError for any other form."""
    match = _DURATION.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise ValueError(f'{text!r} is no duration: write a whole number and ms, s, m, h or d, such as "500ms" or "7d"')
    return int(match[1]) * _UNITS[match[2]]


def format_duration(milliseconds: int) -> str:
    """The inverse: in the largest unit of which there is a whole number."""
    unit = next(unit for unit, length in reversed(_UNITS.items()) if milliseconds % length == 0)
    return f"{milliseconds // _UNITS[unit]}{unit}"
