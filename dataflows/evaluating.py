"""A checkpoint judged on past events, and boosted trees on the same features beside it."""

from collections.abc import Iterable
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from contracts.events import Event, Label
from contracts.scoring import RiskScorer
from dataflows.period import Period
from dataflows.training import POSITIVE, make_training_set
from models.baseline import NAME, train_baseline
from models.evaluation import Budgets, Evaluation, evaluate
from models.lineage import Lineage, Part
from models.scoring import Report, probabilities
from models.training_set import DAY, TrainingSet
from operators.features import FeatureSet

Chosen = npt.NDArray[np.bool_]

_NEVER: Final = np.iinfo(np.int64).max


class Wanted(NamedTuple):
    """What to judge, on what, by which measures."""

    scorer: RiskScorer
    learnt: tuple[Part, ...]
    """The stretches of events that the scorer learnt from."""
    period: Period
    budgets: Budgets
    known_since: int | None
    """Users known since then, epoch ms, are left out from the day after; None keeps all."""
    baseline: Lineage | None
    """What the baseline learns from; None: none is wanted."""


class Judged(NamedTuple):
    """The scorer's evaluation and, where it was wanted, the baseline's; and on what."""

    evaluations: list[Evaluation]
    first_event_time: int
    last_event_time: int
    left_out: int
    """Events of users who were known already."""
    learnt: int
    """Events of the time that the checkpoint learnt from."""


def judge_past(
    events: Iterable[Event], labels: Iterable[Label], features: FeatureSet, wanted: Wanted, report: Report
) -> Judged:
    """Judge a scorer on the events of a period. Raises EvaluationError where they lack a class."""
    known = list(labels)
    read = _spanned(wanted.period, wanted.baseline) if wanted.baseline else wanted.period
    past = make_training_set(events, known, features, read, texts=wanted.scorer.reads_text)
    chosen = _in_period(past, wanted.period)
    inside = int(chosen.sum())
    if wanted.known_since is not None:
        chosen &= unknown_users(past, known, wanted.known_since)
    data = past.take(np.nonzero(chosen)[0])
    evaluations = [evaluate(wanted.scorer.version, data, probabilities(wanted.scorer, data, report), wanted.budgets)]
    if wanted.baseline:
        evaluations.append(_baseline(past, data, wanted.baseline, wanted.budgets))
    learnt = sum(len(part.indices(data)) for part in wanted.learnt)
    times = data.event_times
    return Judged(evaluations, int(times.min()), int(times.max()), inside - len(data), learnt)


def unknown_users(data: TrainingSet, labels: Iterable[Label], since: int) -> Chosen:
    """Which events are of users of whom no fraud or abuse had become known, since then, before the event's day began.

    The Fraud Detection Handbook leaves known cards out of its tests so: by then they are blocked.
    """
    known: dict[str, int] = {}
    for label in labels:
        if label.label in POSITIVE and label.label_time >= since:
            known[label.user_id] = min(label.label_time, known.get(label.user_id, _NEVER))
    first = np.array([known.get(user, _NEVER) for user in data.user_ids], np.int64)
    return first >= data.event_times // DAY * DAY


def _baseline(past: TrainingSet, data: TrainingSet, lineage: Lineage, budgets: Budgets) -> Evaluation:
    trees = train_baseline(past, lineage.training.indices(past), lineage.validation.indices(past), lineage.recipe.seed)
    return evaluate(NAME, data, trees.probabilities(data.features), budgets)


def _in_period(data: TrainingSet, period: Period) -> Chosen:
    return np.fromiter((time in period for time in data.event_times.tolist()), np.bool_, len(data))


def _spanned(period: Period, lineage: Lineage) -> Period:
    """The shortest period that holds this one and all that a checkpoint learnt from."""
    first, last = lineage.training.first_event_time, lineage.validation.last_event_time
    return Period(
        None if period.start is None else min(period.start, first),
        None if period.end is None else max(period.end, last + 1),
    )
