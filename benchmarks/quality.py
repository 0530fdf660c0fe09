"""The event scorer against boosted trees and the published table, on the Fraud Detection Handbook's data and protocol.

    python -m benchmarks.quality [--quick] [--ablation] [--seeds 1 2 3]

Two protocols, the same test weeks: the book's, which learns from one week; and all that is labelled when the test
begins, from April on. Two feature sets: the book's, and one with what a risk engineer would add. Both scorers learn
from the same events, choose their epoch or number of trees and calibrate on the same held-out days of them, and read
the same features. The full run trains 48 models, half of them on a million events: an hour or two of an idle machine.
--quick takes the first fold and one seed; --ablation trains the event scorer alone: whole, without each of its two
inputs, and after pre-training.
"""

import argparse
from collections.abc import Callable, Iterator, Sequence
from itertools import product
from statistics import mean, stdev
from typing import Final, NamedTuple

from rich.console import Console
from rich.table import Table

from benchmarks.contenders import Protocol, ablations, all_labelled, book_week, both
from benchmarks.handbook import FEATURES, PUBLISHED, STARTS, TRANSACTIONS, Handbook
from benchmarks.machine import machine
from models.evaluation import Evaluation, Quality
from models.training_set import TrainingSet

MEASURES: Final = ("roc_auc", "average_precision", "card_precision", "expected_calibration_error")

Contest = Callable[[Protocol, TrainingSet, TrainingSet, int], Iterator[Evaluation]]
"""Trains on the first events and judges on the second, by a seed."""


class Result(NamedTuple):
    """One scorer's quality on one fold's test week."""

    features: str
    protocol: str
    scorer: str
    start: str
    seed: int
    quality: Quality

    def __str__(self) -> str:
        figures = ", ".join(f"{name} {getattr(self.quality, name):.4f}" for name in MEASURES)
        return (
            f"{self.features} features, {self.protocol}, from {self.start}, seed {self.seed}, {self.scorer}: {figures}"
        )


def measure(
    contest: Contest, protocols: Sequence[Protocol], starts: Sequence[str], seeds: Sequence[int]
) -> Iterator[Result]:
    """Every scorer of the contest on every fold, feature set by feature set and protocol by protocol."""
    for features, file in FEATURES.items():
        book = Handbook.read(file)
        for protocol, start in product(protocols, starts):
            known, test = protocol.fold(book, start)
            for seed in seeds:
                for one in contest(protocol, known, test, seed):
                    yield Result(features, protocol.name, one.scorer, start, seed, one.whole)


def report(results: Sequence[Result]) -> Table:
    """The published table, then the mean over the folds of each seed: their mean and standard deviation."""
    table = Table(
        "features", "training events", "scorer", "AUC ROC", "average precision", "CP@100", "ECE", title=machine()
    )
    for name, published in PUBLISHED.items():
        table.add_row("the book's", "the book's week, published", name, *(f"{value:.3f}" for value in published), "")
    table.add_section()
    for row in dict.fromkeys(one[:3] for one in results):
        chosen = [one for one in results if one[:3] == row]
        table.add_row(*row, *(_spread(chosen, measure) for measure in MEASURES))
    return table


def _spread(results: Sequence[Result], measure: str) -> str:
    seeds = sorted({one.seed for one in results})
    means = [mean(getattr(one.quality, measure) for one in results if one.seed == seed) for seed in seeds]
    return f"{mean(means):.4f}" + (f" ± {stdev(means):.4f}" if len(means) > 1 else "")


def main() -> None:
    """Read the data, measure, and print each result as it comes and the table at the end."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quality", description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="the first fold and one seed")
    parser.add_argument("--ablation", action="store_true", help="the event scorer without an input, or pre-trained")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    given = parser.parse_args()
    if not TRANSACTIONS.exists():
        parser.error(f"{TRANSACTIONS} is absent; set TEST_DATA to the folder of fdh/")
    starts, seeds = (STARTS[:1], given.seeds[:1]) if given.quick else (STARTS, given.seeds)
    console, results = Console(), []
    for result in measure(ablations if given.ablation else both, (book_week(), all_labelled()), starts, seeds):
        console.print(str(result), highlight=False, soft_wrap=True)
        results.append(result)
    console.print(report(results))


if __name__ == "__main__":
    main()
