"""What features usually are: their medians over legitimate training events of a type."""

from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from contracts.events import EVENT_TYPES
from models.training_set import Indices, TrainingSet

Usual: TypeAlias = dict[str, tuple[float | None, ...]]
"""By event type, in the order of the features; None where most events have none."""

_FEW: Final = 20
"""Of a type with fewer events, that of all types together is taken."""


def learn_usual(data: TrainingSet, training: Indices) -> Usual:
    """The usual values of the training events alone."""
    legitimate = training[data.labels[training] == 0]
    features, types = data.features[legitimate], data.scored["event_type"][legitimate]
    of_type = {name: features[types == code] for code, name in enumerate(EVENT_TYPES)}
    return {name: _medians(some if len(some) >= _FEW else features) for name, some in of_type.items()}


def _medians(features: npt.NDArray[np.float32]) -> tuple[float | None, ...]:
    return tuple(_median(column[np.isfinite(column)], len(column)) for column in features.T)


def _median(known: npt.NDArray[np.float32], events: int) -> float | None:
    """One of the values themselves: what lies between two counts never occurs."""
    return float(np.quantile(known, 0.5, method="inverted_cdf")) if 2 * len(known) >= max(events, 1) else None
