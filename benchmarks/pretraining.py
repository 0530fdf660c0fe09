"""What masked-event pre-training is worth: event scorers of a simulated shop with and without it.

    python -m benchmarks.pretraining

Learnt from 18 days of 1,500 users; 7 later ones judge, after 3 of waiting for labels. The default recipe but for the
share of legitimate events, which is the shop's.
"""

import argparse
import time
from pathlib import Path
from statistics import fmean, stdev
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np
import torch
from rich.box import MARKDOWN
from rich.console import Console
from rich.table import Table

from contracts.events import Label
from dataflows.features import load_feature_set
from dataflows.period import Period
from dataflows.request import DEFAULTS
from dataflows.simulator.shop import Occurrence, Shop, ShopSettings
from dataflows.training import make_training_set
from models.checkpoint import load_checkpoint
from models.metrics import average_precision, roc_auc
from models.recipe import Optimisation, Pretraining, Recipe, Validation
from models.scoring import probabilities
from models.training import train
from models.training_set import DAY, TrainingSet

SHOP: Final = ShopSettings(1_500, 28, 4)
LEARNT, WAITED = 18 * DAY, 3 * DAY
SEEDS: Final = (1, 2, 3)
RECIPE: Final = Recipe(
    training=Optimisation(epochs=8, negative_rate=0.12), validation=Validation(days=4, label_delay_days=2)
)
ARMS: Final = {
    "training alone": RECIPE,
    "3 epochs of pre-training first": RECIPE.model_copy(update={"pretraining": Pretraining(epochs=3)}),
}


def main() -> None:
    """Train, judge, and print a table."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    torch.set_num_threads(1)
    past, later = data()
    table = Table("", "AUC ROC", "average precision", "of each seed", "CPU s", box=MARKDOWN)
    for name, recipe in ARMS.items():
        judged = [judge(recipe.model_copy(update={"seed": seed}), past, later) for seed in SEEDS]
        aucs, precisions, seconds = zip(*judged, strict=True)
        spread = f"{fmean(precisions):.3f} ± {stdev(precisions):.3f}"
        each = ", ".join(f"{one:.3f}" for one in precisions)
        table.add_row(name, f"{fmean(aucs):.3f} ± {stdev(aucs):.3f}", spread, each, f"{fmean(seconds):.0f}")
    console = Console(width=150)
    console.print(table)
    console.print(f"{len(past):,} events, {past.labels.sum()} abusive; judged by {len(later):,}, {later.labels.sum()}")


def data() -> tuple[TrainingSet, TrainingSet]:
    """What is learnt from, and what judges."""
    told = list(Shop(SHOP).stream())
    events = [one.event for one in told if isinstance(one, Occurrence)]
    labels = [one for one in told if isinstance(one, Label)]
    features = load_feature_set(DEFAULTS / "shop-features.toml")
    made = make_training_set(events, labels, features, Period(None, None))
    day = made.event_times - made.event_times.min()
    return made.take(np.nonzero(day < LEARNT)[0]), made.take(np.nonzero(day >= LEARNT + WAITED)[0])


def judge(recipe: Recipe, past: TrainingSet, later: TrainingSet) -> tuple[float, float, float]:
    """AUC ROC, average precision, and the training's CPU seconds."""
    with TemporaryDirectory() as folder:
        started = time.process_time()
        scorer = load_checkpoint(train(past, recipe, Path(folder)), device="cpu")
        seconds = time.process_time() - started
        scores = probabilities(scorer, later)
    return roc_auc(later.labels, scores), average_precision(later.labels, scores), seconds


if __name__ == "__main__":
    main()
