"""The scorer that a setting names, and the training that a recipe asks for."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

from contracts.scoring import Precision, RiskScorer
from models.checkpoint_files import ARCHITECTURE, CONFIG, METRICS, read_checkpoint, read_file, read_json
from models.errors import CheckpointError
from models.fake import FakeScorer
from models.lineage import Lineage, read_lineage
from models.recipe import AnyRecipe, TextRecipe
from models.text import checkpoint_files as text
from models.text.hub import model_directory
from models.training_set import TrainingSet

if TYPE_CHECKING:
    from models.fitting import Report

FAKE: Final = "fake"


def open_scorer(
    name: str, feature_names: tuple[str, ...], window_events: int, precision: Precision = "float32"
) -> RiskScorer:
    """The scorer in a checkpoint's directory or, after `hub:`, on the Hugging Face hub; or the fake for tests.

    Raises CheckpointError where the checkpoint can't be read or doesn't fit the features.
    """
    if name == FAKE:
        return FakeScorer()
    directory = model_directory(name)
    if _is_text(directory):
        from models.text.checkpoint import load_text_checkpoint  # torch takes seconds to import

        return load_text_checkpoint(directory, feature_names, window_events, precision=precision)
    from models.checkpoint import load_checkpoint

    return load_checkpoint(directory, feature_names, window_events, precision=precision)


def check_scorer(name: str, feature_names: tuple[str, ...], window_events: int) -> None:
    """Raise CheckpointError as `open_scorer` would, all but for weights of another shape, without torch."""
    if name == FAKE:
        return
    directory = model_directory(name)
    if _is_text(directory):
        text.read_text_checkpoint(directory, feature_names, window_events)
    else:
        read_checkpoint(directory, feature_names, window_events)


def scorer_lineage(name: str) -> Lineage | None:
    """What a checkpoint learnt from; None for a model that Sealwax has not trained. Raises CheckpointError."""
    if name == FAKE:
        return None
    directory = model_directory(name)
    if _is_text(directory) and not (directory / METRICS).is_file():
        return None
    return read_lineage(directory)


def check_recipe(recipe: AnyRecipe) -> None:
    """Raise CheckpointError, without torch, where the base model that a recipe names is missing or can't be used."""
    if recipe.base:
        text.check_base(model_directory(recipe.base))


def train_scorer(data: TrainingSet, recipe: AnyRecipe, output: Path, report: "Report") -> None:
    """Train the kind of scorer that the recipe names. Raises TrainingSetError, RecipeError or CheckpointError."""
    if isinstance(recipe, TextRecipe):
        from models.text.training import train_text

        train_text(data, recipe, output, report)
    else:
        from models.training import train

        train(data, recipe, output, report)


def _is_text(directory: Path) -> bool:
    """Whether it holds a sequence classification model, not an event scorer. Raises CheckpointError where neither."""
    architectures = read_json(directory, read_file(directory, CONFIG)).get("architectures")
    if architectures == [ARCHITECTURE] or not isinstance(architectures, list):
        return False
    if any(str(name).endswith(text.ARCHITECTURE) for name in architectures):
        return True
    raise CheckpointError(
        f"{directory}: {CONFIG}: a {', '.join(map(str, architectures))} gives no score: fine-tune it with "
        '`sealwax train` and a recipe with scorer = "text", or name a model for sequence classification'
    )
