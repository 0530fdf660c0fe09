"""`sealwax train`: events, labels, a feature set and a recipe to a checkpoint."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from dataflows.cli.past import open_past
from dataflows.errors import UserError
from dataflows.features import load_feature_set
from dataflows.period import Period
from dataflows.training import make_training_set
from models.checkpoint_files import CONFIG, UNFINISHED
from models.choice import check_recipe, train_scorer
from models.errors import CheckpointError, RecipeError, TrainingSetError
from models.recipe import AnyRecipe, Recipe, load_recipe
from models.training_set import TrainingSet

if TYPE_CHECKING:
    from models.fitting import Progress as Told
    from models.fitting import Report

_OURS: Final = (CONFIG, UNFINISHED)
"""What a directory holds that may be trained into, if it holds anything."""

_INTERRUPTED: Final = 130
"""128 and the number of SIGINT, as shells have it."""


def train(
    recipe: Annotated[Path, typer.Option(help="The training recipe's TOML file; see docs/examples.")],
    features: Annotated[Path, typer.Option(help="The feature set's TOML file.")],
    events: Annotated[str, typer.Option(help="A file, a directory or kafka://host:port of events.")],
    labels: Annotated[str, typer.Option(help="The same, of labels.")],
    output: Annotated[Path, typer.Option(help="The checkpoint's directory.")],
    start: Annotated[str | None, typer.Option("--from", help="First day or time to learn from.")] = None,
    end: Annotated[str | None, typer.Option("--to", help="First day or time that is not learnt from.")] = None,
) -> None:
    """Train a scorer on past events and what became known of them.

    Events before --from build the users' state. Where a training was interrupted, the same command goes on after the
    last whole epoch, to the same checkpoint. Example:

    sealwax train --recipe docs/examples/fdh-train.toml --features docs/examples/fdh-features.toml --events events.jsonl
    --labels labels.jsonl --from 2018-05-01 --to 2018-07-01 --output fdh-checkpoint
    """
    console = Console(stderr=True)
    period = Period.parse(start, end)
    _check_output(output)
    try:
        chosen = load_recipe(recipe)
        check_recipe(chosen)
        _train(console, _read(console, events, labels, features, period, chosen), chosen, output)
    except (CheckpointError, RecipeError, TrainingSetError) as error:
        raise UserError(str(error)) from None
    console.print(f"checkpoint: {output}", highlight=False, soft_wrap=True)


def _check_output(output: Path) -> None:
    try:
        other = output.is_dir() and any(output.iterdir()) and not any((output / name).is_file() for name in _OURS)
    except OSError as error:
        raise UserError(f"--output {output}: cannot be read: {error.strerror}") from None
    if other or (output.exists() and not output.is_dir()):
        raise UserError(f"--output {output}: holds something that is no checkpoint: name a new directory")


def _read(console: Console, events: str, labels: str, features: Path, period: Period, recipe: AnyRecipe) -> TrainingSet:
    feature_set = load_feature_set(features)
    with open_past(console, events, labels) as past:
        data = make_training_set(past.events(), past.labels(), feature_set, period, recipe.reads_text)
    console.print(f"{len(data):,} events to learn from, {int(data.labels.sum()):,} of them fraud or abuse")
    return data


def _train(console: Console, data: TrainingSet, recipe: AnyRecipe, output: Path) -> None:
    try:
        with _epochs(console, recipe) as report:
            train_scorer(data, recipe, output, report)
    except OSError as error:
        raise UserError(f"--output {output}: {error.filename or 'it'} cannot be written: {error.strerror}") from None
    except KeyboardInterrupt:
        kept = (output / UNFINISHED).is_file()
        console.print(
            "stopped: " + ("the same command goes on after the last whole epoch" if kept else "nothing is kept")
        )
        raise typer.Exit(_INTERRUPTED) from None


def _name(told: "Told", recipe: AnyRecipe) -> str:
    if told.embedding:
        return "texts"
    if told.pretraining and isinstance(recipe, Recipe):
        return f"pre-training {told.epoch}/{recipe.pretraining.epochs}"
    return f"epoch {told.epoch}/{recipe.training.epochs}" + ", before the interruption" * told.earlier


@contextmanager
def _epochs(console: Console, recipe: AnyRecipe) -> Iterator["Report"]:
    """Shows each epoch's steps as a bar, and a line of what validation said after it."""
    columns = (
        TextColumn("[bold]{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[loss]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("epoch 1", total=None, loss="")

        def report(told: "Told") -> None:
            epoch = _name(told, recipe)
            loss = "" if told.embedding else f"loss {told.loss:.4f}"
            progress.update(task, description=epoch, completed=told.step, total=told.steps, loss=loss)
            if told.average_precision is not None:
                console.print(
                    f"{epoch}: loss {told.loss:.4f}, validation AUC ROC {told.roc_auc:.4f}, "
                    f"average precision {told.average_precision:.4f}",
                    highlight=False,
                )

        yield report
