"""`sealwax evaluate`: what a checkpoint's scores are worth on past events."""

from pathlib import Path
from typing import Annotated, Final

import orjson
import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from contracts.scoring import Precision
from dataflows.cli.past import open_past
from dataflows.errors import UserError
from dataflows.evaluating import Judged, Wanted, judge_past
from dataflows.evaluation_page import evaluation_page
from dataflows.evaluation_record import LEARNT, headings, record, rows
from dataflows.features import load_feature_set
from dataflows.new_file import new_file
from dataflows.period import Period, moment
from models.baseline import check_baseline
from models.choice import open_scorer, scorer_lineage
from models.errors import CheckpointError, EvaluationError
from models.evaluation import Budgets
from models.lineage import Lineage
from operators.features import FeatureSet

_WIDEST: Final = 1_000
"""Characters that the table may take; a narrower terminal wraps it."""


Features = Annotated[Path, typer.Option(help="The feature set's TOML file.")]
Events = Annotated[str, typer.Option(help="A file, a directory or kafka://host:port of events.")]
Labels = Annotated[str, typer.Option(help="The same, of labels.")]
Since = Annotated[
    str | None,
    typer.Option(help="Leave out users whose fraud became known from this day on, before the event's own day."),
]


def evaluate(
    checkpoint: Annotated[Path, typer.Option(help="The checkpoint's directory.")],
    features: Features,
    events: Events,
    labels: Labels,
    start: Annotated[str | None, typer.Option("--from", help="First day or time to judge by.")] = None,
    end: Annotated[str | None, typer.Option("--to", help="First day or time that is not judged by.")] = None,
    output: Annotated[Path, typer.Option(help="Directory for evaluation.json and .html.")] = Path("evaluation"),
    baseline: Annotated[bool, typer.Option("--baseline", help="Train LightGBM on the same events beside it.")] = False,
    cards: Annotated[int, typer.Option(min=1, help="Users looked at each day, for the card precision.")] = 100,
    budget: Annotated[float, typer.Option(min=0, max=1, help="Legitimate events that may be flagged, a share.")] = 0.01,
    known_since: Since = None,
    precision: Annotated[Precision, typer.Option(help="As scoring.precision: in which numbers it scores.")] = "float32",
    as_json: Annotated[bool, typer.Option("--json", help="Print the JSON instead of the table.")] = False,
) -> None:
    """Judge a checkpoint on past events: ranking, card precision, a false-positive budget, calibration, slices.

    Events before --from build the users' state. An event without a label counts as legitimate. The table's figures,
    curves and plots are saved as evaluation.json and evaluation.html. Example:

    sealwax evaluate --checkpoint fdh-checkpoint --features docs/examples/fdh-features.toml --events events.jsonl
    --labels labels.jsonl --from 2018-07-18 --to 2018-07-25 --known-since 2018-07-11 --baseline
    """
    console, feature_set, budgets = Console(stderr=True), load_feature_set(features), Budgets(cards, budget)
    period, since = Period.parse(start, end), moment("--known-since", known_since)
    try:
        if baseline:
            check_baseline()
        scorer = open_scorer(str(checkpoint), feature_set.names, feature_set.window_events, precision)
        lineage = _lineage(checkpoint, baseline)
        learnt = (lineage.training, lineage.validation) if lineage else ()
        wanted = Wanted(scorer, learnt, period, budgets, since, lineage if baseline else None)
        judged = _judge(console, events, labels, feature_set, wanted)
    except (CheckpointError, EvaluationError) as error:
        raise UserError(str(error)) from None
    text = orjson.dumps(record(judged, budgets, feature_set.version), option=orjson.OPT_INDENT_2)
    page = evaluation_page(judged, budgets, feature_set.version)
    _save(output, {"evaluation.json": text, "evaluation.html": page.encode()})
    if as_json:
        typer.echo(text)
    else:
        _show(judged, budgets)
    if judged.learnt:
        console.print(f"{judged.learnt:,} of these events are {LEARNT}", highlight=False, soft_wrap=True)
    console.print(f"{output}/evaluation.json, {output}/evaluation.html", highlight=False, markup=False, soft_wrap=True)


def _lineage(checkpoint: Path, baseline: bool) -> Lineage | None:
    lineage = scorer_lineage(str(checkpoint))
    if baseline and lineage is None:
        raise EvaluationError("--baseline learns from what the checkpoint learnt from, and this one doesn't tell it")
    return lineage


def _judge(console: Console, events: str, labels: str, feature_set: FeatureSet, wanted: Wanted) -> Judged:
    with open_past(console, events, labels) as past:
        return judge_past(past.events(), past.labels(), feature_set, wanted, past.bar("scoring"))


def _save(output: Path, files: dict[str, bytes]) -> None:
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"--output {output}: can't be made: {error.strerror}") from None
    for name, data in files.items():
        with new_file(output / name) as file:
            file.write(data)


def _show(judged: Judged, budgets: Budgets) -> None:
    shown = Table(box=SIMPLE_HEAD, pad_edge=False)
    for name in ("slice", "scorer"):
        shown.add_column(name, no_wrap=True)
    for name in headings(budgets):
        shown.add_column(name, justify="right", no_wrap=True)
    last = judged.evaluations[-1].scorer
    for name, scorer, texts in rows(judged.evaluations):
        shown.add_row(name, scorer, *texts, end_section=len(judged.evaluations) > 1 and scorer == last)
    Console(width=_WIDEST).print(shown)
