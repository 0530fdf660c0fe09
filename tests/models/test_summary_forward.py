"""Serving's forward against the Hugging Face module."""

import pytest
import torch
from transformers import BertConfig, BertModel

from models.layout import Layout
from models.summary_forward import SummaryForward


def bert(layers: int, activation: str = "gelu") -> BertModel:
    torch.manual_seed(layers)
    config = BertConfig(
        vocab_size=7, hidden_size=32, num_hidden_layers=layers, num_attention_heads=4, intermediate_size=48,
        max_position_embeddings=16, type_vocab_size=2, hidden_act=activation, pad_token_id=None, initializer_range=0.5,
    )  # fmt: skip
    model = BertModel(config, add_pooling_layer=False)
    model.train(False)
    return model


@pytest.mark.parametrize("layers", [1, 2, 3])
@pytest.mark.parametrize(("batch", "length"), [(1, 1), (1, 16), (7, 2), (64, 16)])
@torch.inference_mode()
def test_equal_to_the_module(layers: int, batch: int, length: int) -> None:
    module = bert(layers)
    positions = torch.randn(batch, length, 32)
    expected = module(inputs_embeds=positions).last_hidden_state[:, 0]
    torch.testing.assert_close(SummaryForward(module)(positions), expected, rtol=0, atol=1e-5)


@torch.inference_mode()
def test_equal_with_another_activation() -> None:
    module = bert(2, "relu")
    positions = torch.randn(3, 5, 32)
    expected = module(inputs_embeds=positions).last_hidden_state[:, 0]
    torch.testing.assert_close(SummaryForward(module)(positions), expected, rtol=0, atol=1e-5)


LENGTHS = [4, 9, 1, 9, 2]


@pytest.mark.parametrize("layout", [Layout.packing(LENGTHS), Layout.padding(torch.tensor(LENGTHS), 9)])
@pytest.mark.parametrize("layers", [1, 3])
@torch.inference_mode()
def test_equal_to_the_module_under_a_padding_mask(layout: Layout, layers: int) -> None:
    module, positions = bert(layers), torch.randn(len(LENGTHS), 9, 32)
    mask = (torch.arange(9) < torch.tensor(LENGTHS)[:, None]).long()
    expected = module(inputs_embeds=positions, attention_mask=mask).last_hidden_state[:, 0]
    torch.testing.assert_close(SummaryForward(module)(positions, layout), expected, rtol=0, atol=1e-5)
