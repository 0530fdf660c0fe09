"""Where a demo stands, and how its numbers read."""

from typing import Final, NamedTuple

from contracts.times import format_time

DASH: Final = "-"
"""What isn't known."""

_UNITS: Final = (("d", 86_400), ("h", 3_600), ("min", 60))


class Moment(NamedTuple):
    """What a screen says besides the tally's numbers."""

    phase: str
    now: float
    """Seconds since the demo began to send."""
    left: float | None = None
    """Seconds, while the shop is live."""
    simulated: int | None = None
    """The shop's time, epoch ms."""


def span(seconds: float | None) -> str:
    """A length of time in its largest fitting unit; a dash for None."""
    if seconds is None:
        return DASH
    for unit, size in _UNITS:
        if seconds >= size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.0f} s"


def millis(value: float | None) -> str:
    """A latency; a dash for None."""
    return DASH if value is None else f"{value:,.0f} ms"


def share(part: int, whole: int) -> str:
    """A percentage; a dash of nothing."""
    return f"{part / whole:.0%}" if whole else DASH


def minute(time: int) -> str:
    """A time (epoch ms) to the minute."""
    return format_time(time)[:16].replace("T", " ")


def words(name: str) -> str:
    """A name of the contracts, as people write it."""
    return name.replace("_", " ")
