"""How good a scorer is on events that it has not learnt from: over all of them, and over slices."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from contracts.events import EVENT_TYPES
from models.card_precision import card_precision
from models.curves import Reliability, Thresholds, reliability
from models.errors import EvaluationError
from models.metrics import Scores, average_precision, expected_calibration_error, log_loss, roc_auc
from models.training_set import DAY, TrainingSet

Chosen = npt.NDArray[np.bool_]

ALL: Final = "all events"
HIGH_SHARE: Final = 0.1
"""The largest amounts, so many of those that have one, are a slice."""


class Budgets(NamedTuple):
    """What the people behind the scores can do."""

    cards: int = 100
    """Cards looked at each day."""
    false_positive_rate: float = 0.01
    """Share of the legitimate events that may be flagged."""


class Quality(NamedTuple):
    """A scorer's quality on some events; NaN where they lack what a metric needs."""

    events: int
    positives: int
    roc_auc: float
    average_precision: float
    card_precision: float
    """Mean over the days; a card is a user."""
    recall: float
    """At the threshold that spends the false-positive budget over all events; as for the next."""
    false_positive_rate: float
    log_loss: float
    expected_calibration_error: float


@dataclass(frozen=True)
class Evaluation:
    """What one scorer's probabilities are worth."""

    scorer: str
    threshold: float
    """The lowest that keeps the false-positive budget over all events."""
    slices: dict[str, Quality]
    """By name; the first one is `ALL`."""
    reliability: list[Reliability]
    days: dict[int, float]
    """The card precision of each day, by its first millisecond."""
    curves: Thresholds = field(repr=False)

    @property
    def whole(self) -> Quality:
        """Over all events."""
        return self.slices[ALL]


def evaluate(scorer: str, data: TrainingSet, probabilities: Scores, budgets: Budgets) -> Evaluation:
    """Judge probabilities [n] of the n events of `data`. Raises EvaluationError where one class is missing."""
    if not 0 < int(data.labels.sum()) < len(data):
        raise EvaluationError(
            f"there are {len(data):,} events, {int(data.labels.sum()):,} of them fraud or abuse, and both kinds are "
            "needed: check the events, the labels, --from and --to"
        )
    curves = Thresholds.of(data.labels, probabilities)
    threshold = curves.within(budgets.false_positive_rate)
    cards, days = np.unique(np.array(data.user_ids), return_inverse=True)[1], data.event_times // DAY
    by_day = card_precision(data.labels, probabilities, cards, days, budgets.cards)

    def quality(chosen: Chosen) -> Quality:
        labels, scores = data.labels[chosen], probabilities[chosen]
        daily = card_precision(labels, scores, cards[chosen], days[chosen], budgets.cards)
        return Quality(
            events=len(labels),
            positives=int(labels.sum()),
            roc_auc=roc_auc(labels, scores),
            average_precision=average_precision(labels, scores),
            card_precision=float(daily.mean()),
            recall=_share(scores[labels == 1] >= threshold),
            false_positive_rate=_share(scores[labels == 0] >= threshold),
            log_loss=log_loss(labels, scores),
            expected_calibration_error=expected_calibration_error(labels, scores),
        )

    return Evaluation(
        scorer,
        threshold,
        {name: quality(chosen) for name, chosen in _slices(data)},
        reliability(data.labels, probabilities),
        dict(zip((np.unique(days) * DAY).tolist(), by_day.tolist(), strict=True)),
        curves,
    )


def _slices(data: TrainingSet) -> Iterator[tuple[str, Chosen]]:
    """All events, then those slices that have any and are not all."""
    last = data.scored
    amounts, paid = last["amount"], last["amount"] >= 0
    slices = {f"new users (under {data.window_events} events)": data.lengths < data.window_events}
    if paid.any():
        high = np.quantile(amounts[paid], 1 - HIGH_SHARE, method="higher")
        slices[f"high amounts (top {HIGH_SHARE:.0%})"] = paid & (amounts >= high)
    slices |= {name: last["event_type"] == code for code, name in enumerate(EVENT_TYPES)}
    yield ALL, np.ones(len(data), np.bool_)
    yield from ((name, chosen) for name, chosen in slices.items() if chosen.any() and not chosen.all())


def _share(told: Chosen) -> float:
    return float(told.mean()) if len(told) else math.nan
