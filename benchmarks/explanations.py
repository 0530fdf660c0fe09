"""What reasons cost, and whether they are the ones: what is left of a score where they are taken away.

    python -m benchmarks.explanations [--users 3000] [--days 25]

The deletion test on a shop that the default checkpoint has not seen (it learnt from seed 1): of every event whose score
is explained, the parts that a ranking names first are taken away, one, two, up to five, and what is left is scored. A
ranking is the better, the less is left. Occlusion is the product's. The rankings' CPU includes finding the parts.
"""

import argparse
import time
from collections.abc import Iterator, Sequence
from statistics import fmean
from typing import Final

from rich.box import MARKDOWN
from rich.console import Console
from rich.table import Table

from benchmarks.attributions import PERMUTATIONS, STEPS, Case, Ranking, Rankings
from benchmarks.machine import machine
from contracts.events import Event, Label
from contracts.scoring import ScoringInput
from dataflows.features import load_feature_set
from dataflows.offline import replay_period
from dataflows.period import Period
from dataflows.policies import load_policy
from dataflows.request import DEFAULTS
from dataflows.simulator.dice import DAY
from dataflows.simulator.shop import Occurrence, Shop, ShopSettings
from models.checkpoint import load_checkpoint
from models.event_scorer import EventScorer
from operators.explainer import Explainer
from operators.features import FeatureSet

WARM_UP: Final = 15 * DAY
BATCH: Final = 64
TOP: Final = (1, 2, 3, 4, 5)
SLOW: Final = 4
"""Of the slowest ranking, every so-manyth case."""


def main() -> None:
    """Simulate a shop, score it, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, default=3_000)
    parser.add_argument("--days", type=int, default=25)
    parser.add_argument("--seed", type=int, default=2, help="of the shop; the default checkpoint learnt from 1")
    given = parser.parse_args()
    features = load_feature_set(DEFAULTS / "shop-features.toml")
    scorer = load_checkpoint(DEFAULTS / "shop-checkpoint", features.names, features.window_events, device="cpu")
    bound = load_policy(DEFAULTS / "shop-policy.toml").user_risk.review_score
    explainer = Explainer(scorer, features, bound)
    told = list(judged(ShopSettings(given.users, given.days, given.seed), features))
    started = time.process_time()
    scores = scored(scorer, [inputs for _, inputs in told])
    scoring = (time.process_time() - started) / len(told)
    explained = [one for one, score in zip(told, scores, strict=True) if explainer.wants(score)]
    started = time.process_time()
    reasons = [explainer.reasons(event, inputs) for event, inputs in explained]
    cost = (time.process_time() - started) / len(explained)
    console = Console(width=120, highlight=False)
    console.print(f"{machine()}; {scorer.version}, a shop of seed {given.seed}")
    console.print(
        f"{len(told):,} events, {len(explained):,} of them ({len(explained) / len(told):.2%}) with scores from {bound} "
        f"on; {fmean(map(len, reasons)):.2f} reasons each"
    )
    console.print(
        f"CPU: {scoring * 1e6:.0f} µs to score an event (batches of {BATCH}), {cost * 1e3:.2f} ms to explain one, "
        f"{cost / scoring:.0f} times that; over all events {cost * len(explained) / len(told) / scoring:.1%} of scoring"
    )
    cases = [Case(event.event_type, inputs) for event, inputs in explained]
    console.print(deletions(scorer, explainer, cases, bound))


def judged(shop: ShopSettings, features: FeatureSet) -> Iterator[tuple[Event, ScoringInput]]:
    """The events of a shop after the days of warming up, with what a scorer is given."""
    told = list(Shop(shop).stream())
    events = [one.event for one in told if isinstance(one, Occurrence)]
    labels = [one for one in told if isinstance(one, Label)]
    return replay_period(events, labels, features, Period(shop.start + WARM_UP, None))


def scored(scorer: EventScorer, inputs: Sequence[ScoringInput]) -> list[float]:
    """The scores, in batches as the flow has them."""
    return [score for at in range(0, len(inputs), BATCH) for score in scorer.score(inputs[at : at + BATCH])]


def deletions(scorer: EventScorer, explainer: Explainer, cases: Sequence[Case], bound: float) -> Table:
    """For each ranking: what it costs, the mean score that is left, and the share below the bound."""
    rankings = Rankings(scorer, explainer.occlusion)
    rows: dict[str, tuple[Ranking, int]] = {
        "occlusion": (rankings.occlusion, 1),
        f"integrated gradients, {STEPS} steps": (rankings.integrated_gradients, 1),
        f"Shapley, {PERMUTATIONS} orders, every {SLOW}th": (rankings.shapley, SLOW),
        "furthest from usual": (rankings.distance, 1),
        "chance": (rankings.chance, 1),
    }
    table = Table("ranking", "CPU ms", *[f"without {top}" for top in TOP], box=MARKDOWN)
    for name, (ranking, every) in rows.items():
        some = cases[::every]
        started = time.process_time()
        ranked = [ranking(case) for case in some]
        cost = (time.process_time() - started) / len(some)
        cells = []
        for top in TOP:
            inputs = [explainer.occlusion.without(*case, parts[:top]) for case, parts in zip(some, ranked, strict=True)]
            left = scored(scorer, inputs)
            cells.append(f"{fmean(left):.3f} ({fmean(score < bound for score in left):.0%})")
        table.add_row(name, f"{cost * 1e3:.1f}", *cells)
    return table


if __name__ == "__main__":
    main()
