"""Scoring inputs as tensors: what `encoder.json` of a checkpoint holds."""

from typing import Literal, NamedTuple, Self

import numpy as np
import numpy.typing as npt
import torch
from pydantic import BaseModel, ConfigDict, model_validator
from torch import Tensor

from contracts.events import EVENT_TYPES
from models.event_fields import EventFields, Rows
from models.feature_pieces import FeaturePieces
from models.training_set import Indices, TrainingSet


class Inputs(NamedTuple):
    """What the network reads."""

    ids: Tensor
    """[batch, length, fields], newest event first."""
    values: Tensor
    """[batch, length, VALUES]."""
    numbers: Tensor
    """[batch, numeric width]."""

    def to(self, device: torch.device) -> Self:
        """The same on a device."""
        return self._replace(**{name: tensor.to(device) for name, tensor in self._asdict().items()})


class Encoder(BaseModel):
    """The vocabulary, bins and scales learnt from training events, and what they were learnt for."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1] = 1
    window_events: int
    events: EventFields
    features: FeaturePieces

    @model_validator(mode="after")
    def _known_types(self) -> Self:
        if self.events.event_types != EVENT_TYPES:
            raise ValueError("events.event_types differ from this version's: train the checkpoint again")
        return self

    @classmethod
    def fit(cls, data: TrainingSet, training: Indices, pieces: int, seed: int) -> Self:
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
        )

    def encode(self, rows: Rows, features: npt.NDArray[np.float32]) -> Inputs:
        """Tensors on the CPU of windows [batch, length] and feature vectors [batch, features]."""
        ids, values = self.events.encode(rows)
        return Inputs(*map(torch.from_numpy, (ids, values, self.features.encode(features))))
