"""What `encoder.json` of a checkpoint holds: how events and features become numbers."""

from typing import Literal, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from contracts.events import EVENT_TYPES
from models.event_fields import EventFields
from models.feature_pieces import FeaturePieces
from models.training_set import Indices, TrainingSet
from models.usual import Usual, learn_usual


class TextEncoding(BaseModel):
    """How the scored event's own text is embedded."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    width: int = Field(ge=1)
    max_tokens: int = Field(ge=1)


class Encoder(BaseModel):
    """The vocabulary, bins and scales learnt from training events, and what they were learnt for."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1] = 1
    window_events: int
    events: EventFields
    features: FeaturePieces
    usual: Usual = {}
    """Empty: the checkpoint was trained before explanations needed it."""
    text: TextEncoding | None = None
    """None: it isn't read."""

    @model_validator(mode="after")
    def _known_types(self) -> Self:
        if self.events.event_types != EVENT_TYPES:
            raise ValueError("events.event_types differ from this version's: train the checkpoint again")
        if any(len(values) != len(self.features.names) for values in self.usual.values()):
            raise ValueError("usual: must have a value for each feature: copy the checkpoint again")
        return self

    @classmethod
    def fit(
        cls, data: TrainingSet, training: Indices, pieces: int, seed: int, text: TextEncoding | None = None
    ) -> Self:
        """Learn from the training events alone.

        A feature's edges come from twice as many legitimate events as others: fraud lies where detail matters.
        """
        positive = data.labels[training] == 1
        negatives = training[~positive]
        drawn = np.random.default_rng(seed).choice(
            negatives, min(len(negatives), 2 * int(positive.sum())), replace=False
        )
        balanced = data.features[np.concatenate((training[positive], drawn))]
        return cls(
            window_events=data.window_events,
            events=EventFields.fit(data.rows(training)[:, -1]),
            features=FeaturePieces.fit(data.feature_names, balanced, pieces),
            usual=learn_usual(data, training),
            text=text,
        )
