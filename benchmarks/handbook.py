"""The Fraud Detection Handbook's data and protocol: its transactions as a training set, its folds, its published table.

Le Borgne, Siblini, Lebichot and Bontempi, "Reproducible Machine Learning for Credit Card Fraud Detection" (2022). It
trains on a week, waits a week for the labels, and tests on the next week without the cards known by then.
"""

import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple

import numpy as np

from contracts.events import Label
from contracts.times import parse_time
from dataflows.evaluating import unknown_users
from dataflows.features import load_feature_set
from dataflows.importing.importer import Importer
from dataflows.importing.mapping import load_mapping
from dataflows.logs import read_events, read_labels
from dataflows.period import Period
from dataflows.settings import Settings
from dataflows.training import make_training_set
from models.training_set import DAY, Indices, TrainingSet

REPOSITORY: Final = Path(__file__).parents[1]
EXAMPLES: Final = REPOSITORY / "docs" / "examples"
DATA: Final = Path(os.environ.get("TEST_DATA", REPOSITORY.parent / "shared" / "data"))
TRANSACTIONS: Final = DATA / "fdh" / "transactions-2018-04-to-07.parquet"

PUBLISHED: Final = {
    "logistic regression": (0.868, 0.623, 0.297),
    "random forest": (0.870, 0.678, 0.299),
    "XGBoost": (0.869, 0.687, 0.303),
    "MLP": (0.876, 0.675, 0.303),
    "CNN": (0.872, 0.599, 0.288),
    "LSTM": (0.876, 0.665, 0.297),
    "LSTM with attention": (0.874, 0.667, 0.295),
}
"""AUC ROC, average precision and CP@100 with the best settings, means over the book's four folds (up to August)."""

FEATURES: Final = {"the book's": "fdh-features.toml", "extended": "fdh-extended-features.toml"}
"""Feature sets among the examples: what the book's models see, and what a risk engineer would add."""

WEEK: Final = 7 * DAY
STARTS: Final = ("2018-07-04", "2018-07-11")
"""First days of the training weeks whose test weeks the data of April to July covers."""


class Handbook(NamedTuple):
    """The transactions with their features and windows, and what became known of them."""

    data: TrainingSet
    labels: list[Label]

    @classmethod
    def read(cls, features_file: str) -> "Handbook":
        """Import the transactions and replay them, as a user would, with an example's features."""
        features = load_feature_set(EXAMPLES / features_file)
        with TemporaryDirectory() as folder:
            events, labels = Path(folder, "events.jsonl"), Path(folder, "labels.jsonl")
            importer = Importer(load_mapping(EXAMPLES / "fdh.toml"), lambda bad: None)
            importer.write([TRANSACTIONS], events, labels, lambda: None)
            kafka = Settings().kafka.client()
            known = list(read_labels(str(labels), "labels", kafka, print))
            past = read_events(str(events), "transactions", kafka, print)
            return cls(make_training_set(past, known, features, Period()), known)

    def week(self, start: str) -> Indices:
        """The book's training events."""
        first = parse_time(f"{start}T00:00:00Z")
        return self._between(first, first + WEEK)

    def earlier(self, start: str) -> Indices:
        """All events whose labels are known when the test begins."""
        return self._between(0, parse_time(f"{start}T00:00:00Z") + WEEK)

    def test(self, start: str) -> TrainingSet:
        """The test week, without the cards of whom a fraud since `start` was known on the day."""
        first = parse_time(f"{start}T00:00:00Z") + 2 * WEEK
        week = self.data.take(self._between(first, first + WEEK))
        # A fraud is known a week later: of those since `start`, the first one when the training week is over.
        return week.take(np.nonzero(unknown_users(week, self.labels, first - WEEK))[0])

    def _between(self, first: int, end: int) -> Indices:
        times = self.data.event_times
        return np.nonzero((times >= first) & (times < end))[0]
