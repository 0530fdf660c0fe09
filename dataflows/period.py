"""A stretch of event time, as --from and --to give it."""

import re
from typing import NamedTuple, Self

from contracts.times import parse_time
from dataflows.errors import UserError

_DATE = re.compile(r"\d{4}-\d\d-\d\d")


class Period(NamedTuple):
    """From `start` up to, and without, `end`; epoch ms, None where there is no bound."""

    start: int | None = None
    end: int | None = None

    @classmethod
    def parse(cls, start: str | None, end: str | None) -> Self:
        """From dates, which begin at midnight UTC, or RFC 3339 times. Raises UserError naming the option."""
        period = cls(moment("--from", start), moment("--to", end))
        if period.start is not None and period.end is not None and period.start >= period.end:
            raise UserError(f"--from {start} must lie before --to {end}, which is exclusive")
        return period

    def __contains__(self, time: object) -> bool:
        return (
            isinstance(time, int)
            and (self.start is None or time >= self.start)
            and (self.end is None or time < self.end)
        )


def moment(option: str, text: str | None) -> int | None:
    """Epoch ms of a date, which begins at midnight UTC, or an RFC 3339 time. Raises UserError naming the option."""
    if text is None:
        return None
    try:
        return parse_time(f"{text}T00:00:00Z" if _DATE.fullmatch(text) else text)
    except ValueError as error:
        raise UserError(f"{option}: {text!r} {error}; or write a date such as 2018-05-01") from None
