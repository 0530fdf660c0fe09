"""Training recipes: TOML files that say everything a training run depends on beside its data."""

import tomllib
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from models.errors import RecipeError

Count = Annotated[int, Field(ge=1)]
Share = Annotated[float, Field(ge=0, lt=1)]
Days = Annotated[float, Field(ge=0)]


class _Table(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


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


class Augmentation(_Table):
    """What is hidden from the network while it trains, drawn afresh each time."""

    event_dropout: Share = 0.0
    """Each of the window's earlier events, with this probability."""
    feature_dropout: Share = 0.0
    """Each feature, with this probability: it is unknown."""


class Validation(_Table):
    """The latest events validate; those whose labels would not have been known by then are left out of training."""

    days: Annotated[float, Field(gt=0)] = 7.0
    label_delay_days: Days = 7.0


class Recipe(_Table):
    """A training recipe. Same recipe, same data, same machine: same checkpoint."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")] = "event"
    """Names the model in every update, before a hash of the checkpoint."""
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 1
    model: ModelShape = ModelShape()
    training: Optimisation = Optimisation()
    augmentation: Augmentation = Augmentation()
    validation: Validation = Validation()


def load_recipe(path: Path) -> Recipe:
    """The recipe in a TOML file. Raises RecipeError, naming each wrong setting."""
    try:
        return Recipe.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise RecipeError(f"{path}: there is no such file: give --recipe a TOML file") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise RecipeError(f"{path}: cannot be read as TOML: {error}") from None
    except ValidationError as error:
        raise RecipeError(f"{path}: {_explain(error)}") from None


def _explain(error: ValidationError) -> str:
    said = []
    for detail in error.errors(include_url=False, include_context=False):
        field = ".".join(str(part) for part in detail["loc"])
        text = detail["msg"].removeprefix("Value error, ")
        if detail["type"] == "extra_forbidden":
            text = "is not a setting; look for a slip of the pen"
        said.append(
            f"{field}: {text}" if detail["type"] == "extra_forbidden" else f"{field}: {text}, not {detail['input']!r}"
        )
    return "; ".join(said)
