"""Event scorers of a simulated shop, by recipes that differ in one thing, each with three seeds.

Learnt from 18 days of its users; 7 later days judge, after 3 of waiting for labels.
"""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean, stdev
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np
from rich.box import MARKDOWN
from rich.table import Table

from contracts.events import Label
from dataflows.features import load_feature_set
from dataflows.period import Period
from dataflows.request import DEFAULTS
from dataflows.simulator.shop import Occurrence, Shop, ShopSettings
from dataflows.training import make_training_set
from models.checkpoint import load_checkpoint
from models.metrics import average_precision, roc_auc
from models.recipe import Optimisation, Recipe, Validation
from models.scoring import probabilities
from models.training import train
from models.training_set import DAY, TrainingSet

DAYS: Final = 28
LEARNT, WAITED = 18 * DAY, 3 * DAY
SEEDS: Final = (1, 2, 3)
RECIPE: Final = Recipe(
    training=Optimisation(epochs=8, negative_rate=0.12), validation=Validation(days=4, label_delay_days=2)
)


def past_and_later(users: int, texts: bool = False) -> tuple[TrainingSet, TrainingSet]:
    """What is learnt from, and what judges, of a shop of so many users."""
    told = list(Shop(ShopSettings(users, DAYS, 4)).stream())
    events = [one.event for one in told if isinstance(one, Occurrence)]
    labels = [one for one in told if isinstance(one, Label)]
    features = load_feature_set(DEFAULTS / "shop-features.toml")
    made = make_training_set(events, labels, features, Period(None, None), texts)
    day = made.event_times - made.event_times.min()
    return made.take(np.nonzero(day < LEARNT)[0]), made.take(np.nonzero(day >= LEARNT + WAITED)[0])


def contest(title: str, recipes: Mapping[str, Recipe], past: TrainingSet, later: TrainingSet) -> Table:
    """What each recipe reaches: mean and standard deviation of the seeds."""
    table = Table(title, "AUC ROC", "average precision", "of each seed", "CPU s", box=MARKDOWN)
    for name, recipe in recipes.items():
        judged = [_judge(recipe.model_copy(update={"seed": seed}), past, later) for seed in SEEDS]
        aucs, precisions, seconds = zip(*judged, strict=True)
        each = ", ".join(f"{one:.3f}" for one in precisions)
        table.add_row(name, _spread(aucs), _spread(precisions), each, f"{fmean(seconds):.0f}")
    return table


def _judge(recipe: Recipe, past: TrainingSet, later: TrainingSet) -> tuple[float, float, float]:
    """AUC ROC, average precision, and the training's CPU seconds."""
    with TemporaryDirectory() as folder:
        started = time.process_time()
        scorer = load_checkpoint(train(past, recipe, Path(folder)), device="cpu")
        seconds = time.process_time() - started
        scores = probabilities(scorer, later)
    return roc_auc(later.labels, scores), average_precision(later.labels, scores), seconds


def _spread(values: Sequence[float]) -> str:
    return f"{fmean(values):.3f} ± {stdev(values):.3f}"
