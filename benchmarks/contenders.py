"""What is trained and judged on a fold: boosted trees, the event scorer, and the event scorer without an input."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple

import numpy as np

from benchmarks.handbook import EXAMPLES, Handbook
from contracts.scoring import ROW_SIZE
from models.baseline import NAME, train_baseline
from models.choice import open_scorer
from models.evaluation import Budgets, Evaluation, evaluate
from models.recipe import Pretraining, Recipe, Validation, load_recipe
from models.scoring import probabilities
from models.training import train
from models.training_set import TrainingSet

OURS: Final = "Sealwax, event scorer"
PRETRAINING: Final = 3


class Protocol(NamedTuple):
    """What is learnt from, and how."""

    name: str
    recipe: Recipe
    everything: bool
    """All that is labelled when the test begins, or the book's week."""

    def fold(self, book: Handbook, start: str) -> tuple[TrainingSet, TrainingSet]:
        """The training events, those held out for validation among them, and the test events."""
        learnt = book.earlier(start) if self.everything else book.week(start)
        return book.data.take(learnt), book.test(start)


def book_week() -> Protocol:
    """The example's recipe for a week: all legitimate events drawn, the last day held out, which chooses the epoch."""
    recipe = load_recipe(EXAMPLES / "fdh-train.toml")
    training = recipe.training.model_copy(update={"patience": recipe.training.epochs, "negative_rate": 1.0})
    held_out = Validation(days=1.0, label_delay_days=0.0)
    return Protocol("the book's week", recipe.model_copy(update={"training": training, "validation": held_out}), False)


def all_labelled() -> Protocol:
    """The example's recipe as it is."""
    return Protocol("all that is labelled", load_recipe(EXAMPLES / "fdh-train.toml"), True)


def both(protocol: Protocol, known: TrainingSet, test: TrainingSet, seed: int) -> Iterator[Evaluation]:
    """Boosted trees and the event scorer, from the same events and features."""
    days = protocol.recipe.validation
    trees = train_baseline(known, *known.split(days.days, days.label_delay_days), seed)
    yield evaluate(NAME, test, trees.probabilities(test.features), Budgets())
    yield _event_scorer(OURS, protocol, known, test, seed)


def ablations(protocol: Protocol, known: TrainingSet, test: TrainingSet, seed: int) -> Iterator[Evaluation]:
    """The event scorer whole, without each of its inputs, and whole after pre-training."""
    yield _event_scorer(OURS, protocol, known, test, seed)
    for name, without in WITHOUT.items():
        yield _event_scorer(name, protocol, without(known), without(test), seed)
    pretrained = protocol.recipe.model_copy(update={"pretraining": Pretraining(epochs=PRETRAINING)})
    yield _event_scorer(f"pre-trained, {PRETRAINING} epochs", protocol._replace(recipe=pretrained), known, test, seed)


def _event_scorer(name: str, protocol: Protocol, known: TrainingSet, test: TrainingSet, seed: int) -> Evaluation:
    """Trained, saved, loaded and judged."""
    with TemporaryDirectory() as folder:
        checkpoint = train(known, protocol.recipe.model_copy(update={"seed": seed}), Path(folder, "checkpoint"))
        scorer = open_scorer(str(checkpoint), known.feature_names, known.window_events)
        return evaluate(name, test, probabilities(scorer, test), Budgets())


def _without_features(data: TrainingSet) -> TrainingSet:
    return replace(data, features=np.full_like(data.features, np.nan))


def _without_history(data: TrainingSet) -> TrainingSet:
    windows = np.zeros_like(data.windows)
    windows[:, -ROW_SIZE:] = data.windows[:, -ROW_SIZE:]
    return replace(data, windows=windows, lengths=np.ones_like(data.lengths))


WITHOUT: Final[dict[str, Callable[[TrainingSet], TrainingSet]]] = {
    "its encoder, no feature known": _without_features,
    "its features, no earlier event": _without_history,
}
