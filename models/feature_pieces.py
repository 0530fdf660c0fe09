"""Feature vectors as what the numeric branch reads: piecewise-linear pieces and a flag for what is unknown.

Piecewise-linear encoding of Gorishniy, Rubachev and Babenko, "On Embeddings for Numerical Features in Tabular Deep
Learning" (NeurIPS 2022): a value fills the pieces below it, so that a layer over them is any piecewise-linear function.
"""

from functools import cached_property
from typing import Self

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

Floats = npt.NDArray[np.float32]


class FeaturePieces(BaseModel):
    """What training learns about features: their names and the edges of their pieces; kept in the checkpoint."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    names: tuple[str, ...]
    edges: tuple[tuple[float, ...], ...]
    """Ascending, for each feature; fewer than two where training saw one value or none."""

    @classmethod
    def fit(cls, names: tuple[str, ...], features: Floats, pieces: int) -> Self:
        """Learn quantile edges from training vectors [n, features]; NaN is unknown and counts for nothing."""
        at = np.linspace(0, 1, pieces + 1)
        columns = (column[np.isfinite(column)] for column in features.T)
        return cls(names=names, edges=tuple(_quantiles(column, at) for column in columns))

    @property
    def width(self) -> int:
        """Numbers that `encode` gives for one vector."""
        return len(self._pieces[0]) + len(self.names)

    @cached_property
    def _pieces(self) -> tuple[npt.NDArray[np.int64], Floats, Floats]:
        """Feature index, lower edge and 1 / width of every piece."""
        index = np.repeat(np.arange(len(self.names)), [max(len(e) - 1, 0) for e in self.edges])
        lower = np.concatenate([np.empty(0), *(np.array(e[:-1]) for e in self.edges)])
        width = np.concatenate([np.empty(0), *(np.diff(e) for e in self.edges)])
        return index, lower.astype(np.float32), (1 / width).astype(np.float32)

    def encode(self, features: Floats) -> Floats:
        """Numbers [batch, width] of vectors [batch, features]: each piece's share, 0 to 1, then each feature's flag."""
        index, lower, per_width = self._pieces
        numbers = np.empty((len(features), self.width), np.float32)
        pieces, unknown = numbers[:, : len(index)], numbers[:, len(index) :]
        np.isnan(features, out=unknown, casting="unsafe")
        known = np.where(unknown, -np.inf, features)
        np.multiply(known[:, index] - lower, per_width, out=pieces)
        np.clip(pieces, 0, 1, out=pieces)
        return numbers


def _quantiles(column: Floats, at: npt.NDArray[np.float64]) -> tuple[float, ...]:
    """Those among the values themselves: what lies between two counts or flags never occurs."""
    if not len(column):
        return ()
    return tuple(np.unique(np.quantile(column, at, method="inverted_cdf")).tolist())
