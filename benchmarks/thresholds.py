"""Holds within a capacity, and money saved: thresholds that adapt beside a fixed one.

    python -m benchmarks.thresholds [--only shop|handbook] [--folder DIRECTORY] [--pictures DIRECTORY]

A payment is held where its score reaches the threshold. The thresholds move by what `sealwax policy thresholds` would
have known at the time; a move counts five minutes of event time later. Two pasts: a simulated shop that the default
checkpoint hasn't seen, and June and July of the Fraud Detection Handbook, whose scorer learns from April and May (the
data are in `fdh/` of the folder that TEST_DATA names). The first two weeks fill the windows, the rest is judged.

What is assumed of money: to hold an honest payment costs FALSE_HOLD (somebody looks at it, and some buyers don't come
back); a fraud that is held saves its amount. What a miss costs is told to the policy as the mean amount of the frauds
that were known after the first two weeks. Scored payments are kept in the folder, and found there again.
"""

import argparse
from collections.abc import Iterator, Sequence
from heapq import merge
from pathlib import Path
from tempfile import gettempdir
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
from rich.box import MARKDOWN
from rich.console import Console
from rich.table import Table

from benchmarks.handbook import TRANSACTIONS
from benchmarks.machine import machine
from benchmarks.threshold_pasts import NEVER, ScoredPast, handbook_past, shop_past
from contracts.events import Label
from dataflows.report.picture import picture
from dataflows.report.plots import Series, line_plot
from operators.policy import Policy, parse_policy
from operators.policy.thresholds import Courses, Known, Scored, time_of

DAY: Final = 86_400_000
FALSE_HOLD: Final = 5.0
FIRST: Final = 14 * DAY
AHEAD: Final = 5 * 60_000

POLICY: Final = """
name = "benchmark"
version = "1"
rules = []
levels = {{ low = 0.0 }}
user_risk = {{ half_life = "1d", weight = 0.5, floor = 0.5 }}
fallback = {{ score = 0.0 }}

[thresholds.hold]
start = {start}
min = 0.005
max = 0.99
step = 0.2
{adapts}
"""

Numbers = npt.NDArray[np.float64]


class Trial(NamedTuple):
    """A past, and what the people there can look at."""

    name: str
    past: ScoredPast
    fixed: float
    """The threshold of the policy that comes with it; the others begin there."""
    capacity: int
    """Holds a day."""
    matures: str
    """How long labels take."""


class Result(NamedTuple):
    """What a way of choosing the threshold came to, on the days that are judged."""

    way: str
    holds: npt.NDArray[np.int64]
    """[days]."""
    precision: float
    recall: float
    saved: float
    """A day."""
    moves: int


def moves(policy: Policy, past: ScoredPast) -> list[tuple[int, float]]:
    """From when on (epoch ms) the threshold was moved, and to what."""
    scores = (
        Scored(str(number), "payment", time, score)
        for number, (time, score) in enumerate(zip(past.times.tolist(), past.scores.tolist(), strict=True))
    )
    known = np.nonzero(past.known < NEVER)[0]
    labels = (Label(str(at), "", "fraud", int(past.known[at]), "") for at in known[np.argsort(past.known[known])])
    inputs: Iterator[Known] = merge(scores, labels, key=time_of)
    courses, found = Courses(policy, AHEAD, {}), []
    for one in inputs:
        for change in courses.take(one):
            courses.accept(change)
            found.append((change.effective_at, change.value or 0.0))
    return found


def ways(trial: Trial) -> Iterator[tuple[str, Numbers, int]]:
    """Each way's name, the threshold that each payment met [n], and how often it was moved."""
    past = trial.past
    early = (past.known < past.times[0] + FIRST) & past.frauds
    miss = round(float(past.amounts[early].mean()))
    cost = f'cost = {{ miss = {miss}.0, false_hold = {FALSE_HOLD}, matures = "{trial.matures}" }}'
    yield f"fixed at {trial.fixed}", np.full(len(past.times), trial.fixed), 0
    often = f'capacity = "{trial.capacity}/d"'
    adapting = {"capacity": often, "capacity, overrun 0.2": f"{often}\noverrun = 0.2", f"cost (a miss {miss})": cost}
    for name, adapts in adapting.items():
        told = moves(parse_policy(POLICY.format(start=trial.fixed, adapts=adapts), name, lambda _: ""), past)
        values = np.array([trial.fixed, *(value for _, value in told)])
        yield name, values[np.searchsorted([at for at, _ in told], past.times, side="right")], len(told)
    yield "cost, by each amount", FALSE_HOLD / (FALSE_HOLD + past.amounts), 0


def results(trial: Trial) -> Iterator[Result]:
    """What every way came to."""
    past = trial.past
    judged = past.times >= past.times[0] + FIRST
    days = (past.times[judged] - past.times[judged][0]) // DAY
    frauds, amounts = past.frauds[judged], past.amounts[judged]
    for name, thresholds, count in ways(trial):
        held = past.scores[judged] >= thresholds[judged]
        saved = amounts[held & frauds].sum() - FALSE_HOLD * (held & ~frauds).sum()
        yield Result(
            name,
            np.bincount(days[held], minlength=int(days[-1]) + 1)[:-1],  # the last day isn't whole
            float(frauds[held].mean()),
            float(held[frauds].mean()),
            float(saved) / int(days[-1] + 1),
            count,
        )


def show(console: Console, trial: Trial, found: Sequence[Result]) -> None:
    """A table for a document."""
    past = trial.past
    judged = past.times >= past.times[0] + FIRST
    frauds = past.frauds[judged]
    length = len(found[0].holds) + 1
    console.print(
        f"\n{trial.name}: {judged.sum():,} payments of {length} days, {frauds.sum() / length:.1f} frauds a day of "
        f"{past.amounts[judged][frauds].mean():.0f} on the average; a capacity of {trial.capacity} holds a day",
        highlight=False,
    )
    table = Table("threshold", box=MARKDOWN)
    for heading in ("holds a day", "most", "days within", "precision", "recall", "saved a day", "moves"):
        table.add_column(heading, justify="right")
    for one in found:
        within = f"{(one.holds <= trial.capacity).sum()} of {len(one.holds)}"
        table.add_row(
            one.way, f"{one.holds.mean():.1f}", str(one.holds.max()), within, f"{one.precision:.3f}",
            f"{one.recall:.3f}", f"{one.saved:,.0f}", str(one.moves or ""),
        )  # fmt: skip
    console.print(table)


def plot(trial: Trial, found: Sequence[Result]) -> str:
    """Holds a day, as an SVG file."""
    series = [
        Series(one.way, one.holds.tolist(), number)
        for number, one in enumerate((found[0], found[1], found[3]), start=1)
    ]
    series.append(Series(f"capacity: {trial.capacity}", [float(trial.capacity)] * len(found[0].holds), 4))
    return picture(line_plot(list(range(len(found[0].holds))), series, "day", "holds a day"), series)


def trials(given: argparse.Namespace, console: Console) -> Iterator[Trial]:
    """The pasts that were asked for and are there."""
    if given.only in (None, "shop"):
        name = f"shop-{given.users}-{given.days}-{given.seed}"
        past = ScoredPast.cached(given.folder, name, lambda: shop_past(given.users, given.days, given.seed))
        yield Trial("shop", past, 0.8, given.shop_capacity, "14d")
    if given.only in (None, "handbook"):
        if not (TRANSACTIONS.exists() or (given.folder / "fdh.npz").exists()):
            console.print(f"\nhandbook: left out; {TRANSACTIONS} is absent, set TEST_DATA to the folder of fdh/")
        else:
            past = ScoredPast.cached(given.folder, "fdh", lambda: handbook_past(given.folder))
            yield Trial("handbook", past, 0.5, given.handbook_capacity, "8d")


def main() -> None:
    """Score what isn't yet, and print a table of each past."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=("shop", "handbook"))
    parser.add_argument("--folder", type=Path, default=Path(gettempdir(), "sealwax-thresholds"))
    parser.add_argument("--pictures", type=Path, help="write thresholds-shop.svg and thresholds-handbook.svg there")
    parser.add_argument("--users", type=int, default=2_000)
    parser.add_argument("--days", type=int, default=60)
    parser.add_argument("--seed", type=int, default=2, help="of the shop; the default checkpoint learnt from 1")
    parser.add_argument("--shop-capacity", type=int, default=20, help="holds a day")
    parser.add_argument("--handbook-capacity", type=int, default=100, help="holds a day")
    given = parser.parse_args()
    console = Console(width=120)
    console.print(machine(), highlight=False)
    for trial in trials(given, console):
        found = list(results(trial))
        show(console, trial, found)
        if given.pictures:
            Path(given.pictures, f"thresholds-{trial.name}.svg").write_text(plot(trial, found))


if __name__ == "__main__":
    main()
