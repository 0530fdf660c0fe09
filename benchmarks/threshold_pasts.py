"""Scored payments and what became of them, for `benchmarks.thresholds`; kept in a folder: scoring takes minutes."""

from collections.abc import Callable, Iterable
from itertools import islice
from pathlib import Path
from typing import Final, NamedTuple, Self

import numpy as np
import numpy.typing as npt

from benchmarks.handbook import EXAMPLES, Handbook
from contracts.events import AMOUNT_SCALE, Event, Label
from contracts.scoring import RiskScorer
from contracts.times import parse_time
from dataflows.features import load_feature_set
from dataflows.offline import replay_period
from dataflows.period import Period
from dataflows.request import DEFAULTS
from dataflows.simulator.dice import DAY
from dataflows.simulator.shop import Occurrence, Shop, ShopSettings
from models.checkpoint import load_checkpoint
from models.choice import open_scorer
from models.recipe import load_recipe
from models.scoring import probabilities
from models.training import train
from operators.features import FeatureSet

_BATCH: Final = 512
NEVER: Final = 2**62
WARM_UP: Final = 15 * DAY
LEARNT_UNTIL: Final = "2018-06-01"
"""The handbook's scorer learns from what is before, and from the labels known by then."""


class ScoredPast(NamedTuple):
    """Payments in the order of event time."""

    times: npt.NDArray[np.int64]
    """[n], epoch ms."""
    amounts: npt.NDArray[np.float64]
    """[n], in the currency's units."""
    scores: npt.NDArray[np.float64]
    """[n], rounded to 6 decimals."""
    frauds: npt.NDArray[np.bool_]
    """[n], the simulator's truth."""
    known: npt.NDArray[np.int64]
    """[n]: when a fraud became known, epoch ms; NEVER where it didn't."""

    @classmethod
    def cached(cls, folder: Path, name: str, make: Callable[[], Self]) -> Self:
        """What lies in the folder under a name; made and put there where it doesn't."""
        path = folder / f"{name}.npz"
        if not path.exists():
            folder.mkdir(parents=True, exist_ok=True)
            np.savez(path, **make()._asdict())
        with np.load(path) as file:
            return cls(**{field: file[field] for field in cls._fields})


def shop_past(users: int, days: int, seed: int) -> ScoredPast:
    """A simulated shop that the default checkpoint hasn't seen, scored by it as live."""
    features = load_feature_set(DEFAULTS / "shop-features.toml")
    scorer = load_checkpoint(DEFAULTS / "shop-checkpoint", features.names, features.window_events)
    settings = ShopSettings(users, days, seed)
    told = list(Shop(settings).stream())
    scenarios = {one.event.event_id: one.scenario for one in told if isinstance(one, Occurrence)}
    events = [one.event for one in told if isinstance(one, Occurrence)]
    labels = [one for one in told if isinstance(one, Label)]
    payments = list(_scored(events, labels, features, scorer, Period(settings.start + WARM_UP, None)))
    known = {label.event_id: label.label_time for label in labels if label.label != "legitimate"}
    return ScoredPast(
        np.array([event.event_time for event, _ in payments], np.int64),
        np.array([(event.amount or 0) / AMOUNT_SCALE for event, _ in payments]),
        np.array([round(score, 6) for _, score in payments]),
        np.array([bool(scenarios[event.event_id]) for event, _ in payments]),
        np.array([known.get(event.event_id, NEVER) for event, _ in payments], np.int64),
    )


def _scored(
    events: Iterable[Event], labels: Iterable[Label], features: FeatureSet, scorer: RiskScorer, period: Period
) -> Iterable[tuple[Event, float]]:
    replayed = replay_period(events, labels, features, period)
    payments = ((event, inputs) for event, inputs in replayed if event.event_type == "payment")
    while batch := list(islice(payments, _BATCH)):
        scores = scorer.score([inputs for _, inputs in batch])
        yield from ((event, score) for (event, _), score in zip(batch, scores, strict=True))


def handbook_past(folder: Path) -> ScoredPast:
    """June and July of the handbook, scored by the example's event scorer, which learns from April and May."""
    book = Handbook.read("fdh-features.toml")
    data, begin = book.data, parse_time(f"{LEARNT_UNTIL}T00:00:00Z")
    learnt = data.take(np.nonzero(data.event_times < begin)[0])
    checkpoint = train(learnt, load_recipe(EXAMPLES / "fdh-train.toml"), folder / "fdh-checkpoint")
    later = data.take(np.nonzero(data.event_times >= begin)[0])
    scorer = open_scorer(str(checkpoint), data.feature_names, data.window_events)
    known = {label.event_id: label.label_time for label in book.labels if label.label != "legitimate"}
    return ScoredPast(
        later.event_times,
        later.scored["amount"] / AMOUNT_SCALE,
        np.round(probabilities(scorer, later), 6).astype(np.float64),
        later.labels.astype(np.bool_),
        np.array([known.get(event_id, NEVER) for event_id in later.event_ids], np.int64),
    )
