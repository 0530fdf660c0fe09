"""Masked-event pre-training: what an event of a window was, told from the others. It needs no labels.

BERT's masked language model (Devlin et al., "BERT", NAACL 2019) with events for words: a masked event's place holds a
learnt vector alone, and each of its fields is one guess among that field's values. The weights of the embeddings and
of BERT are kept; what turns a state into guesses is thrown away.
"""

import math
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812, the name torch's own documents use

from models.encoder import Encoder
from models.event_fields import Rows
from models.fitting import Progress, Report, adamw, descend, rate
from models.network import EventNetwork
from models.recipe import Recipe
from models.training_set import Indices, TrainingSet


class MaskedEvents(nn.Module):
    """A network, and what guesses masked events' fields: `sizes` ids each, one field after another."""

    def __init__(self, network: EventNetwork, sizes: list[int]) -> None:
        super().__init__()
        hidden = network.config.hidden_size
        self.network = network
        self.masked = nn.Parameter(torch.zeros(hidden))
        self.transform = nn.Sequential(nn.Linear(hidden, hidden), nn.GELU(), nn.LayerNorm(hidden))
        self.bias = nn.Parameter(torch.zeros(sum(sizes)))
        self._sizes = sizes

    def forward(self, ids: Tensor, values: Tensor, events: Tensor, masked: Tensor) -> Tensor:
        """The mean cross-entropy of the fields of `masked` events; both masks are [batch, length], of booleans."""
        positions = torch.where(masked[..., None], self.masked, self.network.positions(ids, values))
        states = self.network.bert(inputs_embeds=positions, attention_mask=events.long()).last_hidden_state[masked]
        guesses = F.linear(self.transform(states), self.network.fields.weight, self.bias)
        fields = zip(
            torch.split(guesses, self._sizes, dim=1), ids[masked].long().unbind(dim=1), self._offsets(), strict=True
        )
        return torch.stack([F.cross_entropy(guess, truth - offset) for guess, truth, offset in fields]).mean()

    def _offsets(self) -> Iterator[int]:
        offset = 0
        for size in self._sizes:
            yield offset
            offset += size


def pretrain(
    network: EventNetwork, encoder: Encoder, data: TrainingSet, training: Indices, recipe: Recipe, report: Report
) -> None:
    """Fit the network's embeddings and BERT, in place, to the windows of the training events."""
    model = MaskedEvents(network, list(encoder.events.sizes.values()))
    model.to(next(network.parameters()).device).train()
    optimiser, random = adamw(model, recipe.training), np.random.default_rng(recipe.seed)
    steps = math.ceil(len(training) / recipe.training.batch_size)
    for epoch in range(recipe.pretraining.epochs):
        total = 0.0
        for step, indices in enumerate(np.array_split(random.permutation(training), steps)):
            loss = _loss(model, encoder, data.rows(indices), recipe.pretraining.masked)
            warmed = rate(epoch * steps + step, recipe.pretraining.epochs * steps, recipe.training.warmup)
            descend(model, optimiser, loss, warmed, recipe.training)
            total += loss.item()
            report(Progress(epoch + 1, step + 1, steps, total / (step + 1), pretraining=True))


def _loss(model: MaskedEvents, encoder: Encoder, rows: Rows, share: float) -> Tensor:
    ids, values = map(torch.from_numpy, encoder.events.encode(rows))
    events = torch.from_numpy(rows["event_time"][:, ::-1] != 0)
    masked = events & (torch.rand(events.shape) < share)
    masked[0, 0] = True  # something must be, and a window always has its scored event
    loss: Tensor = model(*(tensor.to(model.bias.device) for tensor in (ids, values, events, masked)))
    return loss
