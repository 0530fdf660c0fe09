"""Features that an event gives by itself, without a window."""

from contracts.events import AMOUNT_SCALE, Event

_HOUR = 3_600_000
_DAY = 24 * _HOUR


def event_value(event: Event, field: str) -> float:
    """`amount` (units, NaN where absent), `hour` (0-23), `weekday` (0 Monday), `weekend` and `night` (0 or 1), in UTC.

    Night is up to 06:59, as in the Fraud Detection Handbook.
    """
    if field == "amount":
        return float("nan") if event.amount is None else event.amount / AMOUNT_SCALE
    hour = event.event_time % _DAY // _HOUR
    if field == "hour":
        return float(hour)
    if field == "night":
        return float(hour <= 6)
    weekday = (event.event_time // _DAY + 3) % 7
    return float(weekday if field == "weekday" else weekday >= 5)
