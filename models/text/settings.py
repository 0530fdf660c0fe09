"""What `text.json` of a checkpoint holds: how windows are told, and what the model's answer means."""

from typing import Literal, Self

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, model_validator

from models.event_fields import VOCABULARIES, frequent
from models.recipe import TextModel
from models.training_set import Indices, TrainingSet
from models.usual import Usual, learn_usual

_QUANTILES = (0.01, 0.1, 0.9, 0.99, 0.999)
_MOST, _RARE = 256, 5
"""Names of each field, and how often one must be seen."""


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Levels(_Table):
    """When a feature's value is worth a word: below the 1st and 10th, or above the 90th, 99th and 99.9th percentile."""

    names: tuple[str, ...] = ()
    edges: tuple[tuple[float, ...], ...] = ()
    """Those percentiles for each feature; none where training saw no value."""

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if len(self.edges) != len(self.names) or any(len(edges) not in (0, len(_QUANTILES)) for edges in self.edges):
            raise ValueError(f"edges: must be {len(_QUANTILES)} for each of the names")
        return self

    @classmethod
    def fit(cls, names: tuple[str, ...], features: npt.NDArray[np.float32]) -> Self:
        """Learn from training vectors [n, features]; NaN is unknown and counts for nothing."""
        columns = (column[np.isfinite(column)] for column in features.T)
        return cls(
            names=names,
            edges=tuple(
                tuple(np.quantile(column, _QUANTILES, method="inverted_cdf").tolist()) if len(column) else ()
                for column in columns
            ),
        )


class Names(_Table):
    """Those that are told; others are passed over in silence."""

    outcome: tuple[str, ...] = ()
    country: tuple[str, ...] = ()
    category: tuple[str, ...] = ()


class Calibration(_Table):
    """From the logit of risk to that of the probability."""

    slope: float = 1.0
    offset: float = 0.0


class TextSettings(_Table):
    """How a checkpoint's windows are told. The defaults are those of a model that Sealwax has not trained."""

    format: Literal[1] = 1
    language: Literal["en", "zh"] = "en"
    max_tokens: int = Field(default=192, ge=32)
    """The longest text, special tokens included; what doesn't fit is left out, the oldest events first."""
    own_text: float = Field(default=0.0, ge=0, lt=1)
    """At most so much of it is the scored event's own text; 0: that isn't told."""
    window_events: int | None = Field(default=None, ge=1)
    """Events that are told at most; None: the feature set's."""
    words: dict[str, str] = {}
    """What to say for a feature, category, outcome or country, by its name; else the name itself is said."""
    names: Names = Names()
    features: Levels = Levels()
    usual: Usual = {}
    """What features mostly are, for explanations; empty where Sealwax has not trained the model."""
    fraud_label: str | None = None
    """The label, of the model's own, that stands for fraud and abuse; None: the one that its name tells."""
    calibration: Calibration = Calibration()

    @model_validator(mode="after")
    def _usual_fits(self) -> Self:
        if any(len(values) != len(self.features.names) for values in self.usual.values()):
            raise ValueError("usual: must have a value for each feature: copy the checkpoint again")
        return self

    @classmethod
    def fit(cls, data: TrainingSet, training: Indices, model: TextModel) -> Self:
        """Learn names and levels from the training events alone."""
        scored = data.rows(training)[:, -1]
        known = {
            field: tuple(sorted(data.names[one] for one in frequent(scored[field], _MOST, _RARE) if one in data.names))
            for field in VOCABULARIES
        }
        return cls(
            language=model.language,
            max_tokens=model.max_tokens,
            own_text=model.own_text,
            window_events=data.window_events,
            words=model.words,
            names=Names(**known),
            features=Levels.fit(data.feature_names, data.features[training]),
            usual=learn_usual(data, training),
        )
