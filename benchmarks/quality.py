"""The event scorer against boosted trees and the published table, on the Fraud Detection Handbook's data and protocol.

    python -m benchmarks.quality [--quick] [--seeds 1 2 3]

Two protocols, the same test weeks: the book's, which learns from one week; and all that is labelled when the test
begins, from April on. Both scorers learn from the same events, choose their epoch or number of trees and calibrate on
the same held-out days of them, and read the same features. The full run trains 24 models, most of them on a million
events: an hour or two of an idle machine. --quick takes the first fold and one seed.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path
from statistics import mean, stdev
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple

from rich.console import Console
from rich.table import Table

from benchmarks.handbook import EXAMPLES, PUBLISHED, STARTS, TRANSACTIONS, Handbook
from benchmarks.machine import machine
from models.baseline import NAME, train_baseline
from models.choice import open_scorer
from models.evaluation import Budgets, Evaluation, Quality, evaluate
from models.recipe import Recipe, Validation, load_recipe
from models.scoring import probabilities
from models.training import train
from models.training_set import Indices

OURS: Final = "Sealwax, event scorer"
MEASURES: Final = ("roc_auc", "average_precision", "card_precision", "expected_calibration_error")


class Protocol(NamedTuple):
    """What is learnt from, and how."""

    name: str
    recipe: Recipe
    whole: bool
    """All that is labelled, or the book's week."""

    def training(self, book: Handbook, start: str) -> Indices:
        """The fold's training events, held-out ones included."""
        return book.earlier(start) if self.whole else book.week(start)


class Result(NamedTuple):
    """One scorer's quality on one fold's test week."""

    protocol: str
    scorer: str
    start: str
    seed: int
    quality: Quality


def protocols() -> tuple[Protocol, Protocol]:
    """The book's week with its last day held out, every legitimate event drawn; and the example's recipe as it is."""
    recipe = load_recipe(EXAMPLES / "fdh-train.toml")
    week = recipe.training.model_copy(update={"epochs": 10, "patience": 10, "negative_rate": 1.0})
    held_out = Validation(days=1.0, label_delay_days=0.0)
    return (
        Protocol("the book's week", recipe.model_copy(update={"training": week, "validation": held_out}), False),
        Protocol("all that is labelled", recipe, True),
    )


def measure(book: Handbook, starts: tuple[str, ...], seeds: list[int], console: Console) -> Iterator[Result]:
    """Train and judge both scorers in both protocols, and tell each result."""
    for protocol in protocols():
        for start in starts:
            for seed in seeds:
                for one in fold(book, protocol, start, seed):
                    result = Result(protocol.name, one.scorer, start, seed, one.whole)
                    console.print(_line(result), highlight=False, soft_wrap=True)
                    yield result


def fold(book: Handbook, protocol: Protocol, start: str, seed: int) -> Iterator[Evaluation]:
    """Both scorers, trained on the fold's training events and judged on its test week."""
    known, test = book.data.take(protocol.training(book, start)), book.test(start)
    days = protocol.recipe.validation
    trees = train_baseline(known, *known.split(days.days, days.label_delay_days), seed)
    yield evaluate(NAME, test, trees.probabilities(test.features), Budgets())
    with TemporaryDirectory() as folder:
        checkpoint = train(known, protocol.recipe.model_copy(update={"seed": seed}), Path(folder, "checkpoint"))
        scorer = open_scorer(str(checkpoint), known.feature_names, known.window_events)
        yield evaluate(OURS, test, probabilities(scorer, test), Budgets())


def report(results: list[Result]) -> Table:
    """Means over the folds: of each seed, then their mean and standard deviation."""
    table = Table("training events", "scorer", "AUC ROC", "average precision", "CP@100", "ECE", title=machine())
    for name, published in PUBLISHED.items():
        table.add_row("the book's week, published", name, *(f"{value:.3f}" for value in published), "")
    for protocol in dict.fromkeys(one.protocol for one in results):
        table.add_section()
        for scorer in (NAME, OURS):
            chosen = [one for one in results if (one.protocol, one.scorer) == (protocol, scorer)]
            table.add_row(protocol, scorer, *(_spread(chosen, measure) for measure in MEASURES))
    return table


def _spread(results: list[Result], measure: str) -> str:
    seeds = sorted({one.seed for one in results})
    means = [mean(getattr(one.quality, measure) for one in results if one.seed == seed) for seed in seeds]
    return f"{mean(means):.4f}" + (f" ± {stdev(means):.4f}" if len(means) > 1 else "")


def _line(result: Result) -> str:
    figures = ", ".join(f"{name} {getattr(result.quality, name):.4f}" for name in MEASURES)
    return f"{result.protocol}, from {result.start}, seed {result.seed}, {result.scorer}: {figures}"


def main() -> None:
    """Read the data, measure, and print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quality", description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="the first fold and one seed")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    given = parser.parse_args()
    if not TRANSACTIONS.exists():
        parser.error(f"{TRANSACTIONS} is absent; set SEALWAX_DATA to the folder of fdh/")
    console = Console()
    starts, seeds = (STARTS[:1], given.seeds[:1]) if given.quick else (STARTS, given.seeds)
    console.print(report(list(measure(Handbook.read(Console(stderr=True)), starts, seeds, console))))


if __name__ == "__main__":
    main()
