"""Scoring inputs as tensors."""

from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from models.encoder import Encoder
from models.event_fields import Rows


class Inputs(NamedTuple):
    """What the network reads."""

    ids: Tensor
    """[batch, length, fields], newest event first."""
    values: Tensor
    """[batch, length, VALUES]."""
    numbers: Tensor
    """[batch, numeric width]."""

    @classmethod
    def encoded(cls, encoder: Encoder, rows: Rows, features: npt.NDArray[np.float32]) -> Self:
        """Tensors on the CPU of windows [batch, length] and feature vectors [batch, features]."""
        ids, values = encoder.events.encode(rows)
        return cls(*map(torch.from_numpy, (ids, values, encoder.features.encode(features))))

    def to(self, device: torch.device) -> Self:
        """The same on a device."""
        return self._replace(**{name: tensor.to(device) for name, tensor in self._asdict().items()})
