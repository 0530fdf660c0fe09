"""BERT's forward for serving: plain functions over the Hugging Face weights, and only what position 0 needs.

Equal to `BertModel` within rounding. Queries, keys and values come from one product; sums are made in place; events lie
without padding but in attention. The last layer works on the summary's row alone, and no keys or values are made there:
a score is the query's product with W_k x, so W_k may join the query instead, and W_v the weighted mean.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple, Self, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812, the name torch's own documents use
from transformers import BertModel
from transformers.activations import ACT2FN
from transformers.models.bert.modeling_bert import BertLayer

from models.layout import Layout

_Function = Callable[[Tensor], Tensor]


class _Linear(NamedTuple):
    """y = x weight + bias, the weight transposed to [in, out]."""

    weight: Tensor
    bias: Tensor

    @classmethod
    def of(cls, *linears: nn.Linear) -> Self:
        """One, or several side by side."""
        weight = torch.cat([linear.weight for linear in linears]).detach()
        return cls(weight.t(), torch.cat([linear.bias for linear in linears]).detach())

    def __call__(self, states: Tensor) -> Tensor:
        return torch.addmm(self.bias, states, self.weight)

    def add_to(self, residual: Tensor, states: Tensor) -> Tensor:
        """residual + y, in the residual's place."""
        return residual.add_(self.bias).addmm_(states, self.weight)


class _Layer(NamedTuple):
    """One encoder layer's weights."""

    query_key_value: _Linear
    attention: _Linear
    attention_norm: _Function
    intermediate: _Linear
    output: _Linear
    output_norm: _Function

    @classmethod
    def of(cls, layer: BertLayer) -> Self:
        own = layer.attention.self
        return cls(
            _Linear.of(own.query, own.key, own.value),
            _Linear.of(layer.attention.output.dense),
            _norm(layer.attention.output.LayerNorm),
            _Linear.of(layer.intermediate.dense),
            _Linear.of(layer.output.dense),
            _norm(layer.output.LayerNorm),
        )


class _SummaryAttention:
    """Attention of one position of each window, over states that are neither keys nor values yet."""

    def __init__(self, layer: BertLayer, heads: int) -> None:
        own = layer.attention.self
        hidden = own.query.in_features
        self._heads = heads
        self._query = _Linear.of(own.query)
        scale = (hidden // heads) ** -0.5
        self._key = (own.key.weight.detach() * scale).view(heads, -1, hidden)
        """The keys' bias is the same for all positions: softmax takes it away."""
        self._value = own.value.weight.detach().view(heads, -1, hidden).transpose(1, 2)
        self._value_bias = own.value.bias.detach()
        """The weights of a mean sum to 1: the bias may be added to it."""

    def __call__(self, first: Tensor, states: Tensor, bias: Tensor | None) -> Tensor:
        """[batch, hidden] of queries' states [batch, hidden] and all states [batch, length, hidden]."""
        query = self._query(first).view(len(first), self._heads, -1).transpose(0, 1)
        scores = torch.bmm(torch.bmm(query, self._key).transpose(0, 1), states.transpose(1, 2))
        if bias is not None:
            scores += bias[:, 0]
        means = torch.bmm(scores.softmax(-1), states)
        return torch.bmm(means.transpose(0, 1), self._value).transpose(0, 1).flatten(1).add_(self._value_bias)


class SummaryForward:
    """Position 0 of a BertModel's last hidden state. Holds the weights as they were when it was made."""

    def __init__(self, bert: BertModel) -> None:
        config, embeddings = bert.config, bert.embeddings
        layers = cast(list[BertLayer], bert.encoder.layer)
        self._heads = config.num_attention_heads
        self._activation = _activation(config.hidden_act)
        with torch.no_grad():
            self._places = embeddings.position_embeddings.weight + embeddings.token_type_embeddings.weight[0]
        self._norm = _norm(embeddings.LayerNorm)
        self._layers = [_Layer.of(layer) for layer in layers]
        self._summarise = _SummaryAttention(layers[-1], self._heads)

    def __call__(self, positions: Tensor, layout: Layout | None = None) -> Tensor:
        """Summaries [batch, hidden] of input embeddings [batch, length, hidden], padded where the layout says so.

        All are of the model's own type of numbers.
        """
        batch, length, hidden = positions.shape
        layout = layout or Layout(batch, length)
        states = layout.pack(self._norm(positions + self._places[:length]).view(-1, hidden))
        for layer in self._layers[:-1]:
            states = self._feed(layer, states, self._attend(layer, states, layout))
        padded, last = layout.pad(states), self._layers[-1]
        first = padded[:, 0].contiguous()
        return self._feed(last, first, self._summarise(first, padded, layout.bias))

    def _attend(self, layer: _Layer, states: Tensor, layout: Layout) -> Tensor:
        projected = layout.pad(layer.query_key_value(states)).view(layout.batch, layout.length, 3, self._heads, -1)
        query, key, value = projected.permute(2, 0, 3, 1, 4)
        attended = F.scaled_dot_product_attention(query, key, value, layout.bias).transpose(1, 2)
        return layout.pack(attended.reshape(-1, states.shape[1]))

    def _feed(self, layer: _Layer, states: Tensor, attended: Tensor) -> Tensor:
        """The rest of a layer. The states' memory is used."""
        states = layer.attention_norm(layer.attention.add_to(states, attended))
        inner = self._activation(layer.intermediate(states))
        return layer.output_norm(layer.output.add_to(states, inner))


def _norm(norm: nn.LayerNorm) -> _Function:
    """The function alone: a module's call costs as much as the work, where the batch is small."""
    weight, bias = norm.weight.detach(), norm.bias.detach()
    return partial(F.layer_norm, normalized_shape=norm.normalized_shape, weight=weight, bias=bias, eps=norm.eps)


def _activation(name: str) -> _Function:
    """BERT's own in its argument's place, which spares memory that the cache doesn't hold."""
    return cast(_Function, torch.ops.aten.gelu_.default if name == "gelu" else ACT2FN[name])
