"""The forward that trains, against the Hugging Face module: its outputs and its gradients."""

import pytest
import torch
from torch import Tensor
from transformers import BertConfig, BertModel

from models.summary import summarise


def bert(layers: int, dropout: float = 0.0) -> BertModel:
    torch.manual_seed(layers)
    config = BertConfig(
        vocab_size=7, hidden_size=32, num_hidden_layers=layers, num_attention_heads=4, intermediate_size=48,
        max_position_embeddings=16, type_vocab_size=1, pad_token_id=None, initializer_range=0.5,
        hidden_dropout_prob=dropout, attention_probs_dropout_prob=dropout,
    )  # fmt: skip
    return BertModel(config, add_pooling_layer=False)


LENGTHS = torch.tensor([4, 9, 1, 9, 2])


@pytest.mark.parametrize("mask", [None, (torch.arange(9) < LENGTHS[:, None]).long()])
@pytest.mark.parametrize("layers", [1, 2, 3])
def test_equal_to_the_module_and_its_gradients(layers: int, mask: Tensor | None) -> None:
    model, positions = bert(layers).train(), torch.randn(5, 9, 32)
    expected = model(inputs_embeds=positions, attention_mask=mask).last_hidden_state[:, 0]
    torch.testing.assert_close(summarise(model, positions, mask), expected, rtol=0, atol=1e-5)

    weights = [weight for name, weight in model.named_parameters() if "word_embeddings" not in name]
    toward = torch.randn_like(expected)
    of_the_module = torch.autograd.grad(expected, weights, toward)
    for own, its in zip(
        torch.autograd.grad(summarise(model, positions, mask), weights, toward), of_the_module, strict=True
    ):
        torch.testing.assert_close(own, its, rtol=1e-4, atol=1e-4)


def test_drops_out_while_it_trains_alone() -> None:
    model, positions = bert(2, dropout=0.5), torch.randn(3, 9, 32)
    model.train()
    assert not torch.equal(summarise(model, positions), summarise(model, positions))
    model.train(False)
    assert torch.equal(summarise(model, positions), summarise(model, positions))
