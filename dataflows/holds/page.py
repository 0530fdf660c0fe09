"""Pending holds as a page to look at: how many, how old, by which rules, and each of them."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from contracts.times import format_time
from dataflows.holds.view import span, what
from dataflows.report.markup import Markup
from dataflows.report.page import Section, Tile, note, page, table
from dataflows.report.plots import Bar, Series, bar_plot, column_plot
from operators.holds import Hold

_BINS: Final = 12
_HOUR: Final = 3_600_000
_HEADINGS: Final = ("order", "user", "action", "age", "ends in", "rule", "reason", "hold")


def holds_page(holds: Sequence[Hold], now: int) -> str:
    """An HTML file of pending holds, the oldest first, at `now` (epoch ms)."""
    lefts = [_left(hold, now) for hold in holds]
    due, soon = sum(left < 0 for left in lefts), sum(0 <= left < _HOUR for left in lefts)
    tiles = [
        Tile("Pending", f"{len(holds):,}", f"of {len({hold.user_id for hold in holds}):,} users"),
        Tile("Oldest", span(now - holds[0].opened_at) if holds else "-"),
        Tile("End within the hour", f"{soon:,}"),
        Tile("Due", f"{due:,}", "the flow is behind, or down" if due else ""),
    ]
    sections = _sections(holds, now) if holds else [Section("Nothing is pending", "", note("No order has to wait."))]
    return page("Pending holds", f"As of {format_time(now)}, the oldest first.", tiles, sections)


def _sections(holds: Sequence[Hold], now: int) -> list[Section]:
    return [
        Section("By age", "", _ages([now - hold.opened_at for hold in holds])),
        Section("By rule", "", _rules(holds)),
        Section("Every one", "", table(_HEADINGS, [_row(hold, now) for hold in holds], numeric=(3, 4)), wide=True),
    ]


def _left(hold: Hold, now: int) -> int:
    return _HOUR if hold.expires_at is None else hold.expires_at - now


def _ages(ages: Sequence[int]) -> Markup:
    width = max(max(ages), 1) / _BINS
    counts = Counter(min(int(max(age, 0) / width), _BINS - 1) for age in ages)
    labels = [span(round(number * width)) for number in range(_BINS)]
    return column_plot(labels, [Series("holds", [counts[number] for number in range(_BINS)])], "age", "holds")


def _rules(holds: Sequence[Hold]) -> Markup:
    rules = Counter(hold.cause for hold in holds).most_common(_BINS)
    return bar_plot([Bar(rule, count / rules[0][1], 0.0, f"{count:,}") for rule, count in rules])


def _row(hold: Hold, now: int) -> Sequence[str]:
    left = _left(hold, now)
    ends_in = "" if hold.expires_at is None else span(left) if left >= 0 else f"due for {span(-left)}"
    reasons = " ".join(reason.text for reason in hold.reasons)
    age = span(now - hold.opened_at)
    return hold.order_id or "-", hold.user_id, what(hold), age, ends_in, hold.cause, reasons, hold.hold_id[:10]
