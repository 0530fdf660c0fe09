"""BERT's forward in training: only what position 0 of the last hidden state needs. Serving has `summary_forward`."""

from typing import cast

from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812, the name torch's own documents use
from transformers import BertModel
from transformers.models.bert.modeling_bert import BertLayer, BertSelfAttention

from models.layout import attention_bias


def summarise(bert: BertModel, positions: Tensor, mask: Tensor | None = None) -> Tensor:
    """Summaries [batch, hidden] of input embeddings [batch, length, hidden], by the model's own layers.

    The mask [batch, length] is 1 for events and 0 for padding, None where there is none.
    """
    *layers, last = cast(list[BertLayer], bert.encoder.layer)
    bias = None if mask is None else attention_bias(mask.bool())
    states = bert.embeddings(inputs_embeds=positions)
    for layer in layers:
        states = layer(states, bias)
    first = states[:, :1]
    attended = last.attention.output(_attend(cast(BertSelfAttention, last.attention.self), first, states, bias), first)
    return cast(Tensor, last.feed_forward_chunk(attended))[:, 0]


def _attend(own: BertSelfAttention, first: Tensor, states: Tensor, bias: Tensor | None) -> Tensor:
    """[batch, 1, hidden] of the queries of `first` [batch, 1, hidden] to all states."""

    def heads(linear: nn.Module, states: Tensor) -> Tensor:
        projected = cast(Tensor, linear(states))
        return projected.view(*projected.shape[:2], own.num_attention_heads, -1).transpose(1, 2)

    attended = F.scaled_dot_product_attention(
        heads(own.query, first),
        heads(own.key, states),
        heads(own.value, states),
        bias,
        dropout_p=own.dropout.p if own.training else 0.0,
    )
    return attended.transpose(1, 2).flatten(2)
