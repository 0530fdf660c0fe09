"""How much of a simulated shop's abuse a scorer finds where 1% of the honest events may be flagged, and how soon.

    python -m benchmarks.shop_detection [--seed 2] [--features F.toml --checkpoint DIRECTORY]

The default feature set and checkpoint, on a shop that the checkpoint has not seen (it learnt from seed 1), through the
flow's own operators. The first 15 days fill the windows; the rest is judged. An event is flagged where its score is
above that of 99% of the honest events, one threshold for all types. A case is one user's abuse of one kind; its time to
detect runs from its first abusive event to its first flagged one.
"""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from statistics import fmean, median
from typing import Final, NamedTuple

import numpy as np
from rich.box import MARKDOWN
from rich.console import Console
from rich.table import Table

from contracts.events import Event, Label
from contracts.scoring import RiskScorer
from dataflows.features import load_feature_set
from dataflows.offline import replay_period
from dataflows.period import Period
from dataflows.request import DEFAULTS
from dataflows.simulator.abuse.scenarios import SCENARIOS
from dataflows.simulator.dice import DAY, MINUTE
from dataflows.simulator.shop import Occurrence, Shop, ShopSettings
from models.checkpoint import load_checkpoint
from models.metrics import average_precision, roc_auc
from operators.features import FeatureSet

BUDGET: Final = 0.01
"""Share of the honest events that may be flagged."""
WARM_UP: Final = 15 * DAY
_BATCH: Final = 512


class Judged(NamedTuple):
    """An event of the judged days."""

    user_id: str
    time: int
    """Epoch ms."""
    scenario: str
    """Empty where it is honest."""
    score: float


@dataclass(slots=True)
class Case:
    """One user's abuse of one kind."""

    first: int
    """Epoch ms."""
    events: int = 0
    flagged: int = 0
    delay: tuple[int, float] | None = None
    """Abusive events up to the first flagged one, that one included, and the minutes; None while none is flagged."""

    def add(self, time: int, flagged: bool) -> None:
        """Count the case's next event."""
        self.events += 1
        self.flagged += flagged
        if flagged and self.delay is None:
            self.delay = self.events, (time - self.first) / MINUTE


@dataclass(slots=True)
class Found:
    """What was found of one kind of abuse."""

    scenario: str
    cases: dict[str, Case] = field(default_factory=dict)
    """By user."""

    def row(self) -> tuple[str, ...]:
        """The kind, its events and the share flagged, its cases and the share found, and the delays of those found."""
        cases = list(self.cases.values())
        events, flagged = sum(case.events for case in cases), sum(case.flagged for case in cases)
        delays = [case.delay for case in cases if case.delay]
        minutes = sorted(delay for _, delay in delays)
        return (
            self.scenario.replace("_", " "),
            f"{events:,}",
            f"{flagged / max(events, 1):.1%}",
            f"{len(cases):,}",
            f"{len(delays) / max(len(cases), 1):.1%}",
            f"{fmean(number for number, _ in delays):.2f}" if delays else "-",
            f"{median(minutes):.0f}" if delays else "-",
            f"{minutes[int(0.9 * len(minutes))]:,.0f}" if delays else "-",
        )


def main() -> None:
    """Simulate a shop, score it, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, default=5_000)
    parser.add_argument("--days", type=int, default=45)
    parser.add_argument("--seed", type=int, default=2, help="of the shop; the default checkpoint learnt from 1")
    parser.add_argument("--features", type=Path, default=DEFAULTS / "shop-features.toml")
    parser.add_argument("--checkpoint", type=Path, default=DEFAULTS / "shop-checkpoint")
    given = parser.parse_args()
    features = load_feature_set(given.features)
    scorer = load_checkpoint(given.checkpoint, features.names, features.window_events)
    judged = list(judge(ShopSettings(given.users, given.days, given.seed), features, scorer))
    _show(judged, f"{scorer.version}, {features.version}, a shop of seed {given.seed}")


def judge(shop: ShopSettings, features: FeatureSet, scorer: RiskScorer) -> Iterator[Judged]:
    """The events of a shop after the days of warming up, scored as the flow would score them live."""
    told = list(Shop(shop).stream())
    scenarios = {one.event.event_id: one.scenario for one in told if isinstance(one, Occurrence)}
    events: list[Event] = [one.event for one in told if isinstance(one, Occurrence)]
    labels = [one for one in told if isinstance(one, Label)]
    scored = replay_period(events, labels, features, Period(shop.start + WARM_UP, None))
    while batch := list(islice(scored, _BATCH)):
        scores = scorer.score([inputs for _, inputs in batch])
        for (event, _), score in zip(batch, scores, strict=True):
            yield Judged(event.user_id, event.event_time, scenarios[event.event_id], score)


def threshold(judged: Sequence[Judged]) -> float:
    """The score that the budget's share of the honest events lies above."""
    return float(np.quantile([one.score for one in judged if not one.scenario], 1 - BUDGET))


def found_above(judged: Sequence[Judged], limit: float) -> list[Found]:
    """What is found of each kind of abuse where scores above `limit` are flagged; `judged` is in order of time."""
    found = {scenario.name: Found(scenario.name) for scenario in SCENARIOS}
    for one in judged:
        if one.scenario:
            case = found[one.scenario].cases.setdefault(one.user_id, Case(one.time))
            case.add(one.time, one.score > limit)
    return list(found.values())


def _show(judged: Sequence[Judged], title: str) -> None:
    limit = threshold(judged)
    found = found_above(judged, limit)
    every = {f"{one.scenario}/{user}": case for one in found for user, case in one.cases.items()}
    table = Table(box=MARKDOWN)
    table.add_column("kind", no_wrap=True)
    for heading in ("events", "flagged", "cases", "found", "events to detect", "minutes, median", "minutes, 90%"):
        table.add_column(heading, justify="right")
    for one in (*found, Found("all", every)):
        table.add_row(*one.row())
    console = Console(width=120)
    console.print(title, highlight=False)
    console.print(table)
    truth = np.array([bool(one.scenario) for one in judged], np.uint8)
    scores = np.array([one.score for one in judged])
    console.print(
        f"{len(judged):,} events; flagged above {limit:.4f}; AUC ROC {roc_auc(truth, scores):.4f}, "
        f"average precision {average_precision(truth, scores):.4f}, by the simulator's truth",
        highlight=False,
    )


if __name__ == "__main__":
    main()
