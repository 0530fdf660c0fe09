"""An evaluation as what is saved and shown: a JSON object, and rows of a table."""

import math
from typing import Any, Final

from contracts.times import format_time
from dataflows.evaluating import Judged
from models.evaluation import ALL, Budgets, Evaluation, Quality

LEARNT: Final = "of the time that the checkpoint learnt from: judge it by later ones"
"""Of events."""


def record(judged: Judged, budgets: Budgets, features: str) -> dict[str, Any]:
    """All that is known, for JSON; what could not be computed is null."""
    return {
        "first_event_time": format_time(judged.first_event_time),
        "last_event_time": format_time(judged.last_event_time),
        "features": features,
        "events_left_out": judged.left_out,
        "events_learnt_from": judged.learnt,
        "budgets": budgets._asdict(),
        "scorers": {one.scorer: _evaluation(one) for one in judged.evaluations},
    }


def _evaluation(one: Evaluation) -> dict[str, Any]:
    return {
        **_numbers(one.whole),
        "threshold": one.threshold if math.isfinite(one.threshold) else None,
        "slices": {name: _numbers(quality) for name, quality in one.slices.items() if name != ALL},
        "card_precision_by_day": {format_time(day)[:10]: share for day, share in one.days.items()},
        "reliability": [part._asdict() for part in one.reliability],
    }


def _numbers(quality: Quality) -> dict[str, float | None]:
    return {name: None if math.isnan(value) else value for name, value in quality._asdict().items()}


def headings(budgets: Budgets) -> tuple[str, ...]:
    """Of the columns that `cells` fills."""
    budget = f"{budgets.false_positive_rate:.2g}".removeprefix("0")
    return (
        "events", "positive", "AUC ROC", "AP", f"CP@{budgets.cards}", f"recall@{budget}", "FPR",
        "log loss", "ECE",
    )  # fmt: skip


def cells(quality: Quality) -> tuple[str, ...]:
    """A row of a table."""
    whole, shares = quality[:2], quality[2:]
    return (*(f"{count:,}" for count in whole), *("-" if math.isnan(one) else f"{one:.4f}" for one in shares))


def rows(evaluations: list[Evaluation]) -> list[tuple[str, str, tuple[str, ...]]]:
    """Slice, scorer and cells: a slice's scorers stand below each other."""
    return [(name, one.scorer, cells(one.slices[name])) for name in evaluations[0].slices for one in evaluations]
