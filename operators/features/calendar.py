"""Features that an event gives by itself, without a window. Hours and days are those of UTC."""

from collections.abc import Callable
from typing import Final

from contracts.events import AMOUNT_SCALE, Event

_HOUR = 3_600_000
_DAY = 24 * _HOUR


def _amount(event: Event) -> float:
    return float("nan") if event.amount is None else event.amount / AMOUNT_SCALE


def _hour(event: Event) -> float:
    return float(event.event_time % _DAY // _HOUR)


def _weekday(event: Event) -> float:
    return float((event.event_time // _DAY + 3) % 7)


def _weekend(event: Event) -> float:
    return float(_weekday(event) >= 5)


def _night(event: Event) -> float:
    return float(_hour(event) <= 6)


EVENT_VALUES: Final[dict[str, Callable[[Event], float]]] = {
    "amount": _amount,
    "hour": _hour,
    "weekday": _weekday,
    "weekend": _weekend,
    "night": _night,
}
"""amount in units (NaN where absent), hour 0 to 23, weekday from Monday 0, weekend and night 0 or 1.

Night is up to 06:59, as in the Fraud Detection Handbook.
"""
