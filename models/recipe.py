"""Training recipes: TOML files that say everything a training run depends on beside its data."""

import tomllib
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from contracts.problems import problems
from models.errors import RecipeError

Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]
Count = Annotated[int, Field(ge=1)]
Share = Annotated[float, Field(ge=0, lt=1)]
Days = Annotated[float, Field(ge=0, le=36_525)]


class _Table(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)


class ModelShape(_Table):
    """The network's sizes."""

    layers: Count = 2
    hidden: Count = 64
    heads: Count = 4
    intermediate: Count = 256
    """Width of the feed-forward part of each layer."""
    numeric_hidden: Count = 64
    """Width of the branch over the features, and of the layer that fuses both."""
    feature_pieces: Annotated[int, Field(ge=1, le=256)] = 48
    """Pieces of the piecewise-linear encoding of each feature."""
    dropout: Share = 0.1

    @model_validator(mode="after")
    def _heads_divide(self) -> Self:
        if self.hidden % self.heads:
            raise ValueError(f"hidden ({self.hidden}) must be a multiple of heads ({self.heads})")
        return self


class TextModel(_Table):
    """The base model of a `text` scorer, and how windows are told to it."""

    base: Annotated[str, Field(min_length=1)]
    """A Hugging Face model: its directory, or `hub:` and its name on the hub."""
    language: Literal["en", "zh"] = "en"
    max_tokens: Annotated[int, Field(ge=32)] = 192
    """The longest text, special tokens included; the oldest events go first."""
    own_text: Share = 0.33
    """At most so much of it is the scored event's own text; 0: that isn't told."""
    frozen_layers: Annotated[int, Field(ge=0)] = 0
    """So many of the first layers, and the embeddings with them, are left as they are."""
    words: dict[str, str] = {}
    """What to say for a feature, category, outcome or country, by its name; else the name itself is said."""


class OwnText(_Table):
    """The frozen encoder of the scored events' own texts."""

    base: Annotated[str, Field(min_length=1)]
    """A Hugging Face model: its directory, or `hub:` and its name on the hub."""
    max_tokens: Annotated[int, Field(ge=8)] = 128
    """What is read of a text, special tokens included."""


class Optimisation(_Table):
    """How the weights are found: AdamW, linear warm-up, cosine decay."""

    epochs: Count = 8
    """At most so many; the best on the validation events is kept."""
    patience: Count = 3
    """Epochs without a better average precision before training stops."""
    batch_size: Count = 256
    learning_rate: Annotated[float, Field(gt=0, le=1)] = 2e-3
    warmup: Share = 0.1
    """Share of all steps in which the learning rate rises."""
    weight_decay: Annotated[float, Field(ge=0)] = 0.01
    gradient_clip: Annotated[float, Field(gt=0)] = 1.0
    """Largest norm of the gradient."""
    negative_rate: Annotated[float, Field(gt=0, le=1)] = 0.1
    """Share of the legitimate events that an epoch draws, afresh each time; the scores are corrected for it."""
    positive_weight: Annotated[float, Field(gt=0)] = 1.0
    """How many times a fraud counts in the loss; the scores are corrected for it."""
    focal_gamma: Annotated[float, Field(ge=0)] = 0.0
    """How much less an event counts the surer the network is of its label (focal loss)."""
    consistency: Annotated[float, Field(ge=0)] = 0.0
    """λ of `L_cls + λ L_reg`: weight of the disagreement of two passes with other dropout. It doubles a step's cost."""


class Pretraining(_Table):
    """Before training: events of the training windows are masked and told from the others, without labels.

    Batches, learning rate, warm-up, decay and clipping are those of the training.
    """

    epochs: Annotated[int, Field(ge=0)] = 0
    """None by default."""
    masked: Annotated[float, Field(gt=0, lt=1)] = 0.15
    """Share of the events."""


class Augmentation(_Table):
    """What is hidden from the network while it trains, drawn afresh each time."""

    event_dropout: Share = 0.0
    """Each of the window's earlier events, with this probability."""
    feature_dropout: Share = 0.0
    """Each feature, with this probability: it is unknown."""


class FineTuning(Optimisation):
    """The same, from weights that know a language already."""

    epochs: Count = 3
    patience: Count = 2
    batch_size: Count = 32
    learning_rate: Annotated[float, Field(gt=0, le=1)] = 5e-5


class Validation(_Table):
    """The latest events validate; those whose labels would not have been known by then are left out of training."""

    days: Annotated[Days, Field(gt=0)] = 7.0
    label_delay_days: Days = 7.0


class _Recipe(_Table):
    name: Name
    """Names the model in every update, before a hash of the checkpoint."""
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 1
    validation: Validation = Validation()


class Recipe(_Recipe):
    """How an `event` scorer is trained. Same recipe, same data, same machine: same checkpoint."""

    scorer: Literal["event"] = "event"
    name: Name = "event"
    model: ModelShape = ModelShape()
    training: Optimisation = Optimisation()
    augmentation: Augmentation = Augmentation()
    pretraining: Pretraining = Pretraining()
    text: OwnText | None = None
    """None: texts are not read."""

    @property
    def reads_text(self) -> bool:
        """Whether it learns from the events' own texts."""
        return self.text is not None

    @property
    def base(self) -> str | None:
        """The model that reads the texts, a directory or `hub:` and a name."""
        return self.text.base if self.text else None


class TextRecipe(_Recipe):
    """How a `text` scorer is fine-tuned."""

    scorer: Literal["text"] = "text"
    name: Name = "text"
    model: TextModel
    training: FineTuning = FineTuning()

    @property
    def reads_text(self) -> bool:
        """Whether it learns from the events' own texts."""
        return self.model.own_text > 0

    @property
    def base(self) -> str | None:
        """The model that it starts from, a directory or `hub:` and a name."""
        return self.model.base


AnyRecipe = Recipe | TextRecipe

_KINDS: Final[dict[str, type[AnyRecipe]]] = {"event": Recipe, "text": TextRecipe}


def load_recipe(path: Path) -> AnyRecipe:
    """The recipe in a TOML file. Raises RecipeError, naming each wrong setting."""
    try:
        read = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise RecipeError(f"{path}: there is no such file: give --recipe a TOML file") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise RecipeError(f"{path}: cannot be read as TOML: {error}") from None
    scorer = read.get("scorer", "event")
    if not isinstance(scorer, str) or scorer not in _KINDS:
        raise RecipeError(f"{path}: scorer: must be {' or '.join(_KINDS)}, not {scorer!r}")
    try:
        return _KINDS[scorer].model_validate(read)
    except ValidationError as error:
        raise RecipeError(f"{path}: {'; '.join(problems(error))}") from None
