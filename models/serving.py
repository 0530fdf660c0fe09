"""The network as it is served: the same function of the same weights, arranged for speed."""

import copy
from typing import cast

import torch
from torch import Tensor, nn

from contracts.scoring import Precision
from models.feature_pieces import FeaturePieces
from models.layout import Layout
from models.network import EventNetwork
from models.piecewise import PiecewiseLinear
from models.precision import DTYPES
from models.summary_forward import SummaryForward


class ServedNetwork:
    """Probabilities as the network's: in float32 within 1e-5. Holds the weights as they were when it was made.

    A lower precision is the BERT's alone: what is around it costs little and would lose the most.
    """

    def __init__(self, network: EventNetwork, pieces: FeaturePieces, precision: Precision = "float32") -> None:
        self._positions = network.positions
        self._dtype = DTYPES[precision]
        self._summary = SummaryForward(nn.Module.to(copy.deepcopy(network.bert), self._dtype))
        self._numeric = PiecewiseLinear(pieces, cast(nn.Linear, network.numeric[0]))
        fusion = cast(nn.Linear, network.fusion[0])
        self._fusion_weight, self._fusion_bias = fusion.weight.detach().t(), fusion.bias.detach()
        self._text_weight = None if network.text is None else network.text.weight.detach().t()
        slope, offset = network.calibration
        self._head_weight = network.head.weight.detach()[0] * slope
        self._head_bias = network.head.bias.detach() * slope + offset

    def __call__(
        self,
        ids: Tensor,
        values: Tensor,
        features: Tensor,
        layout: Layout,
        shared: Tensor | None = None,
        texts: Tensor | None = None,
    ) -> Tensor:
        """[batch] of ids [windows, length, fields] and values [..., VALUES], padded, and vectors [batch, features].

        `shared` [batch] tells the window of each vector, where there are fewer. `texts` [batch, text width] are the
        embeddings of the events' own; None: there are none.
        """
        summary = self._summary(self._positions(ids, values).to(self._dtype), layout.to(self._dtype)).float()
        if shared is not None:
            summary = summary.index_select(0, shared)
        both = torch.cat((summary, self._numeric(features).relu_()), dim=1)
        fused = torch.addmm(self._fusion_bias, both, self._fusion_weight)
        if self._text_weight is not None and texts is not None:
            fused.addmm_(texts, self._text_weight)
        return torch.addmv(self._head_bias, fused.relu_(), self._head_weight).sigmoid_()
