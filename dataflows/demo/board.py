"""What the live screen shows, as rich renderables."""

from collections.abc import Iterable, Sequence
from math import log10
from typing import Final

from rich.console import Group
from rich.layout import Layout
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from dataflows.demo.detection import FLAGS
from dataflows.demo.moment import Moment, millis, minute, words
from dataflows.demo.tally import BINS, Hold, Tally

_TOP: Final = 15
_HEADER: Final = 3
_RECENT: Final = 5.0
"""Seconds over which the latencies on the screen are taken."""
_EIGHTHS: Final = " ▏▎▍▌▋▊▉█"
_BAR: Final = 8
_TENTHS: Final = 10
_WIDE: Final = 100
"""Columns from which there is room for the scores and the truth."""
_FLOW, _SCORES = 36, 27
_ID: Final = 10
"""Characters of an id that are shown."""


def board(tally: Tally, moment: Moment, width: int) -> Layout:
    """The whole screen, on a terminal of so many columns."""
    wide = width >= _WIDE
    flow = Layout(Panel(_flow(tally, moment.now), title="flow", title_align="left"), size=_FLOW)
    scores = Layout(Panel(_scores(tally), title="scores", title_align="left"), size=_SCORES)
    abuse = Layout(Panel(_abuse(tally), title="abuse, by the truth", title_align="left"))
    top = Layout(size=_TOP)
    top.split_row(*((flow, scores, abuse) if wide else (flow, abuse)))
    holds = Panel(_holds(tally.holds, wide), title=f"{tally.held:,} orders held", title_align="left")
    layout = Layout()
    layout.split_column(Layout(Panel(_header(moment)), size=_HEADER), top, Layout(holds))
    return layout


def _header(moment: Moment) -> Text:
    text = Text(no_wrap=True, overflow="ellipsis").append("sealwax demo  ", "bold").append(moment.phase, "bold cyan")
    text.append(f"  {moment.now:.0f} s" if moment.left is None else f"  {max(moment.left, 0):.0f} s to go")
    if moment.simulated is not None:
        text.append(f"  in the shop it is {minute(moment.simulated)}")
    return text.append("  Ctrl-C ends", "dim")


def _flow(tally: Tally, now: float) -> Group:
    events, updates = tally.timeline.rates(now)
    recent = now - _RECENT
    numbers = Table.grid(padding=(0, 1))
    numbers.add_column(style="dim")
    numbers.add_column(justify="right")
    numbers.add_column(justify="right")
    numbers.add_row("events in", f"{tally.distinct:,}", f"{events:,.0f}/s")
    numbers.add_row("updates out", f"{tally.updates:,}", f"{updates:,.0f}/s")
    numbers.add_row("latency p50", millis(tally.timeline.latency(0.5, recent)), "")
    numbers.add_row("latency p99", millis(tally.timeline.latency(0.99, recent)), "")
    numbers.add_row("dead letters", f"{tally.letters.total():,}", f"of {tally.broken:,} broken")
    for action in reversed(FLAGS):
        right, wrong = tally.actions[action, True], tally.actions[action, False]
        numbers.add_row(words(action), f"{right + wrong:,}", f"{right:,} right" if right + wrong else "")
    return Group(numbers)


def _scores(tally: Tally) -> Table:
    """Tenths of the score; bars as the logarithm, so that the few high ones are seen."""
    honest, abusive = (_tenths(tally.scores[truth]) for truth in (False, True))
    most = max(*honest, *abusive, 1)
    table = Table.grid(padding=(0, 1))
    for number in range(_TENTHS):
        bars = Text(_bar(honest[number], most), "green") + Text(_bar(abusive[number], most), "red")
        table.add_row(Text(f"{number / 10:.1f}", "dim"), bars)
    table.add_row("", Text("honest", "green") + Text(f"{'abusive':>{_BAR + 1}}", "red"))
    return table


def _tenths(bins: Sequence[int]) -> list[int]:
    width = BINS // _TENTHS
    return [sum(bins[start : start + width]) for start in range(0, BINS, width)]


def _bar(count: int, most: int) -> str:
    eighths = round(8 * _BAR * log10(count + 1) / log10(most + 1))
    return (_EIGHTHS[8] * (eighths // 8) + _EIGHTHS[eighths % 8]).ljust(_BAR + 1)[: _BAR + 1]


def _abuse(tally: Tally) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 1, 0, 0))
    table.add_column("users", no_wrap=True)
    for heading in ("seen", "flag", "stop"):
        table.add_column(heading, justify="right")
    for found in tally.detection.by_scenario():
        table.add_row(words(found.scenario), str(found.cases), str(found.flagged), str(found.stopped))
    flagged = sum(found.flagged for found in tally.detection.by_scenario())
    table.add_row("all", str(tally.detection.cases), str(flagged), str(tally.detection.stopped), style="bold")
    return table


def _holds(holds: Iterable[Hold], wide: bool) -> Table:
    """The latest first, each with the rule that decided."""
    table = Table(box=None, expand=True, pad_edge=False, header_style="dim")
    for heading in ("shop's time", "order", "user"):
        table.add_column(heading, no_wrap=True)
    table.add_column("amount", justify="right", no_wrap=True)
    table.add_column("score", justify="right")
    if wide:
        table.add_column("truth", no_wrap=True)
    table.add_column("reason", ratio=1)
    for hold in holds:
        told = hold.told
        row: list[str | Text] = [minute(told.time)[5:], hold.order_id[:_ID], told.user_id[:_ID], told.amount]
        row.append("" if told.score is None else f"{told.score:.2f}")
        if wide:
            row.append(Text(words(told.scenario), "red") if told.scenario else Text("honest", "green"))
        table.add_row(*row, hold.reasons[0])
    return table
