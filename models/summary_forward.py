"""BERT's forward for serving: plain functions over the Hugging Face weights, and only what position 0 needs.

Equal to `BertModel` within rounding, for windows of equal length without padding. Queries, keys and values come from
one product, and the last layer works on the summary's row alone, which saves most of its work.
"""

from typing import NamedTuple, Self, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812, the name torch's own documents use
from transformers import BertModel
from transformers.activations import ACT2FN
from transformers.models.bert.modeling_bert import BertLayer


class _Layer(NamedTuple):
    """One encoder layer's weights; queries, keys and values stacked in this order."""

    qkv: tuple[Tensor, Tensor]
    attention: nn.Linear
    attention_norm: nn.LayerNorm
    intermediate: nn.Linear
    output: nn.Linear
    output_norm: nn.LayerNorm

    @classmethod
    def of(cls, layer: BertLayer) -> Self:
        projections = [getattr(layer.attention.self, name) for name in ("query", "key", "value")]
        weight = torch.cat([cast(Tensor, linear.weight) for linear in projections]).detach()
        bias = torch.cat([cast(Tensor, linear.bias) for linear in projections]).detach()
        return cls(
            (weight, bias),
            layer.attention.output.dense,
            layer.attention.output.LayerNorm,
            layer.intermediate.dense,
            layer.output.dense,
            layer.output.LayerNorm,
        )


class SummaryForward:
    """Position 0 of a BertModel's last hidden state. Holds the weights as they were when it was made."""

    def __init__(self, bert: BertModel) -> None:
        config, embeddings = bert.config, bert.embeddings
        self._heads = config.num_attention_heads
        self._activation = ACT2FN[config.hidden_act]
        with torch.no_grad():
            self._places = embeddings.position_embeddings.weight + embeddings.token_type_embeddings.weight[0]
        self._norm = embeddings.LayerNorm
        self._layers = [_Layer.of(layer) for layer in cast(list[BertLayer], bert.encoder.layer)]

    def __call__(self, positions: Tensor) -> Tensor:
        """Summaries [batch, hidden] of input embeddings [batch, length, hidden]."""
        states = self._norm(positions + self._places[: positions.shape[1]])
        for layer in self._layers[:-1]:
            states = self._feed(layer, states, self._attend(layer, states, states))
        last, first = self._layers[-1], states[:, :1]
        return self._feed(last, first, self._attend(last, first, states))[:, 0]

    def _attend(self, layer: _Layer, queries: Tensor, states: Tensor) -> Tensor:
        weight, bias = layer.qkv
        hidden = states.shape[-1]
        if queries is states:
            query, key, value = F.linear(states, weight, bias).chunk(3, dim=-1)
        else:
            query = F.linear(queries, weight[:hidden], bias[:hidden])
            key, value = F.linear(states, weight[hidden:], bias[hidden:]).chunk(2, dim=-1)
        query, key, value = (self._split_heads(part) for part in (query, key, value))
        return F.scaled_dot_product_attention(query, key, value).transpose(1, 2).flatten(2)

    def _split_heads(self, states: Tensor) -> Tensor:
        return states.view(*states.shape[:2], self._heads, -1).transpose(1, 2)

    def _feed(self, layer: _Layer, states: Tensor, attended: Tensor) -> Tensor:
        states = layer.attention_norm(states + layer.attention(attended))
        inner = self._activation(layer.intermediate(states))
        return cast(Tensor, layer.output_norm(states + layer.output(inner)))
