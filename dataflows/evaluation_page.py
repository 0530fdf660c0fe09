"""An evaluation as one page to keep: the figures, the curves, and how far the probabilities can be believed."""

from datetime import UTC, datetime
from importlib import metadata
from typing import Final

import numpy as np

from contracts.times import format_time
from dataflows.evaluating import Judged
from dataflows.evaluation_record import LEARNT, headings, rows
from dataflows.report.machine import machine
from dataflows.report.markup import joined
from dataflows.report.page import Section, Tile, facts, page, table
from dataflows.report.plots import Series, column_plot, legend, line_plot
from models.evaluation import Budgets, Evaluation

_GRID: Final = np.linspace(0.0, 1.0, 201)
_NAMES: Final = ("roc_auc", "average_precision", "card_precision", "recall")


def evaluation_page(judged: Judged, budgets: Budgets, features: str) -> str:
    """The HTML file."""
    first, *_ = judged.evaluations
    lead = (
        f"{first.scorer} on {first.whole.events:,} events, {first.whole.positives:,} of them fraud or abuse, from "
        f"{format_time(judged.first_event_time)} to {format_time(judged.last_event_time)}."
    )
    if judged.left_out:
        lead += f" {judged.left_out:,} events of users who were known already are left out."
    if judged.learnt:
        lead += f" {judged.learnt:,} of these events are {LEARNT}."
    sections = [
        _figures(judged.evaluations, budgets),
        *_curves(judged.evaluations, budgets),
        *(_reliability(one) for one in judged.evaluations),
        _days(judged.evaluations, budgets),
        _made(features),
    ]
    return page("Sealwax evaluation", lead, _tiles(judged.evaluations, budgets), sections)


def _tiles(evaluations: list[Evaluation], budgets: Budgets) -> list[Tile]:
    first, *others = evaluations
    titles = dict(zip(first.whole._fields, headings(budgets), strict=True))
    return [
        Tile(
            titles[name],
            f"{getattr(first.whole, name):.3f}",
            ", ".join(f"{other.scorer} {getattr(other.whole, name):.3f}" for other in others),
        )
        for name in _NAMES
    ]


def _figures(evaluations: list[Evaluation], budgets: Budgets) -> Section:
    columns = ("slice", "scorer", *headings(budgets))
    content = table(
        columns, [(name, scorer, *texts) for name, scorer, texts in rows(evaluations)], range(2, len(columns))
    )
    said = (
        f"CP@{budgets.cards}: share of compromised ones among the {budgets.cards} users with the highest scores of a "
        f"day, mean over the days, found ones not counted again. Recall and FPR: at the threshold that flags "
        f"{budgets.false_positive_rate:.2%} of all legitimate events at most. ECE: mean distance of probability and "
        "frequency over ten bins of equal width, weighted by their events (Guo et al., 2017)."
    )
    return Section("Figures", said, content, wide=True)


def _curves(evaluations: list[Evaluation], budgets: Budgets) -> list[Section]:
    x = _GRID.tolist()
    roc = [Series(one.scorer, one.curves.recall_at(_GRID).tolist(), at) for at, one in enumerate(evaluations, 1)]
    found = [Series(one.scorer, one.curves.precision_at(_GRID).tolist(), at) for at, one in enumerate(evaluations, 1)]
    budget = budgets.false_positive_rate, "budget"
    return [
        Section(
            "Precision and recall", "As the threshold falls.",
            joined(line_plot(x, found, "recall", "precision"), legend(found)),
        ),
        Section(
            "ROC curve", "Recall against the share of legitimate events that are flagged.",
            joined(line_plot(x, roc, "false-positive rate", "recall", budget), legend(roc)),
        ),
    ]  # fmt: skip


def _reliability(one: Evaluation) -> Section:
    predicted = [0.0, *(part.predicted for part in one.reliability), 1.0]
    observed = [None, *(part.observed for part in one.reliability), None]
    series = [Series("observed", observed, 1), Series("ideal", predicted, 4)]
    counts = table(
        ("events", "mean probability", "share positive"),
        [(f"{part.events:,}", f"{part.predicted:.4f}", f"{part.observed:.4f}") for part in one.reliability],
        (0, 1, 2),
    )
    plot = line_plot(predicted, series, "mean probability", "share positive")
    said = f"Ten bins of equal width, those with events. ECE {one.whole.expected_calibration_error:.4f}."
    return Section(f"Reliability: {one.scorer}", said, joined(plot, legend(series), counts))


def _days(evaluations: list[Evaluation], budgets: Budgets) -> Section:
    labels = [format_time(day)[5:10] for day in evaluations[0].days]
    series = [Series(one.scorer, list(one.days.values()), at) for at, one in enumerate(evaluations, 1)]
    plot = column_plot(labels, series, "day", "share compromised")
    return Section(f"CP@{budgets.cards} by day", "", joined(plot, legend(series)))


def _made(features: str) -> Section:
    made = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    rows = [("made", made), ("sealwax", metadata.version("sealwax")), ("features", features), *machine()]
    return Section("Versions and machine", "", facts(rows))
