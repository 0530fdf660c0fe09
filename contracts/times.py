"""Event times: integers of epoch milliseconds inside, RFC 3339 with milliseconds outside."""

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache

EARLIEST = 946_684_800_000
"""2000-01-01T00:00:00Z in epoch ms. An earlier time is a producer's mistake (often a clock at zero)."""

LATEST = 4_102_444_800_000
"""2100-01-01T00:00:00Z in epoch ms, exclusive. A later time would hold every watermark hostage."""

_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def parse_time(value: int | str) -> int:
    """Epoch milliseconds of an RFC 3339 text or of epoch milliseconds; finer digits are cut off.

    A leap second (`:60`) is refused: epoch milliseconds have no name for it.
    Raises ValueError, with what is wrong and what is allowed, for anything else or out of [EARLIEST, LATEST).
    """
    if isinstance(value, str):
        if not _RFC_3339.fullmatch(value):
            raise ValueError("must be RFC 3339 with an offset, such as 2026-01-31T12:00:00.000Z")
        value = _millis(value)
    elif type(value) is not int:
        raise ValueError("must be RFC 3339 text with an offset, or epoch milliseconds")
    if not EARLIEST <= value < LATEST:
        raise ValueError("must lie between 2000-01-01 and 2100-01-01")
    return value


def _millis(text: str) -> int:
    moment = datetime.fromisoformat(text.upper()) - _EPOCH
    return moment.days * 86_400_000 + moment.seconds * 1_000 + moment.microseconds // 1_000


@lru_cache(maxsize=4_096)
def _second(number: int) -> str:
    """What is before the fraction; most events share a second with many others."""
    return (_EPOCH + timedelta(seconds=number)).strftime("%Y-%m-%dT%H:%M:%S.")


def format_time(millis: int) -> str:
    """RFC 3339 in UTC with milliseconds, such as 2018-04-01T00:00:31.000Z."""
    return f"{_second(millis // 1_000)}{millis % 1_000:03d}Z"
