"""The numeric branch's first layer for serving: a sum of piecewise-linear functions, read from a table.

What the layer makes of a feature is linear between two edges. So its value at each edge is kept, and a vector costs two
rows of the table for each feature, instead of a number and a product for each piece.
"""

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812, the name torch's own documents use

from models.feature_pieces import FeaturePieces


class PiecewiseLinear:
    """`linear(pieces.encode(features))`, within rounding. Holds the weights as they were when it was made."""

    def __init__(self, pieces: FeaturePieces, linear: nn.Linear) -> None:
        features, most = len(pieces.names), max(map(len, pieces.edges)) or 1
        rows = most + 2
        """Of a feature: its value at each edge, its value where it is unknown, and one that only zeros meet."""
        weight = linear.weight.detach().double().cpu().t()
        shares = torch.split(weight[:-features], [max(len(ends) - 1, 0) for ends in pieces.edges])
        values = torch.zeros(features, rows, linear.out_features, dtype=torch.double)
        values[:, most] = weight[-features:]
        edges = torch.full((features, most + 1), torch.inf)
        per_width = torch.zeros(features, rows)
        for feature, (ends, share) in enumerate(zip(pieces.edges, shares, strict=True)):
            edges[feature, : len(ends) or 1] = torch.tensor(ends or (0.0,))
            values[feature, 1 : len(share) + 1] = share.cumsum(0)
            per_width[feature, : len(share)] = torch.tensor(1 / np.diff(ends))
        values[0] += linear.bias.detach().cpu()

        device = linear.weight.device
        self._values = values.flatten(0, 1).float().to(device)
        self._edges, self._per_width = edges.to(device), per_width.flatten().to(device)
        self._lower = F.pad(edges, (0, 1)).nan_to_num(posinf=0.0).flatten().to(device)
        self._lowest = self._edges[:, 0].contiguous()
        self._highest = self._edges.where(self._edges.isfinite(), -torch.inf).amax(1)
        self._first = torch.arange(features, device=device) * rows - 1

    def __call__(self, features: Tensor) -> Tensor:
        """[batch, out] of vectors [batch, features]; NaN is unknown."""
        known = features.clamp(self._lowest, self._highest)
        # NaN is searched as if it were past all edges.
        edge = torch.searchsorted(self._edges, known.t().contiguous(), right=True).t() + self._first
        share = ((known - self._lower.take(edge)) * self._per_width.take(edge)).nan_to_num_()
        ends, shares = torch.cat((edge, edge + 1), dim=1), torch.cat((1 - share, share), dim=1)
        return F.embedding_bag(ends, self._values, mode="sum", per_sample_weights=shares)
