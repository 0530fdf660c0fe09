"""Training of the `event` scorer: from a training set and a recipe to a checkpoint."""

import copy
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812, the name torch's own documents use
from transformers import BertConfig

from models.calibration import platt, sampling_offset
from models.checkpoint import save_checkpoint
from models.encoder import Encoder
from models.inputs import Inputs
from models.metrics import average_precision, expected_calibration_error, log_loss, roc_auc
from models.model_card import model_card
from models.network import EventNetwork
from models.recipe import ModelShape, Optimisation, Recipe
from models.training_set import Indices, TrainingSet

Logits = npt.NDArray[np.float64]

_EVALUATION_BATCH = 1_024
_LOSS_MEMORY = 0.98


class Progress(NamedTuple):
    """How far training is: after each step, and after each epoch with what validation says."""

    epoch: int
    step: int
    steps: int
    """In one epoch."""
    loss: float
    """Running mean."""
    roc_auc: float | None = None
    average_precision: float | None = None


Report = Callable[[Progress], None]


def train(data: TrainingSet, recipe: Recipe, output: Path, report: Report = lambda progress: None) -> Path:
    """Train on `data` as the recipe says and write the best epoch's checkpoint to `output`.

    The same recipe, data and machine give the same weights. Raises TrainingSetError where a part lacks a class.
    """
    training, validation = data.split(recipe.validation.days, recipe.validation.label_delay_days)
    encoder = Encoder.fit(data, training, recipe.model.feature_pieces, recipe.seed)
    with torch.random.fork_rng():
        torch.manual_seed(recipe.seed)
        network = EventNetwork(network_config(encoder, recipe.model))
        trainer = _Trainer(network, encoder, data, recipe)
        history, logits = trainer.fit(training, validation, report)
    labels = data.labels[validation]
    slope, offset = platt(labels, logits, sampling_offset(recipe.training.negative_rate))
    network.calibration.copy_(torch.tensor([slope, offset]))
    metrics = {
        "training": _described(data, training) | {"history": history},
        "validation": _described(data, validation) | _quality(labels, logits, slope, offset),
        "calibration": {"slope": slope, "offset": offset},
        "recipe": recipe.model_dump(mode="json"),
    }
    save_checkpoint(output, recipe.name, network, encoder, metrics, model_card(recipe, encoder, metrics))
    return output


def network_config(encoder: Encoder, shape: ModelShape) -> BertConfig:
    """The configuration of a network for an encoder's inputs."""
    branch: dict[str, Any] = {"numeric_width": encoder.features.width, "numeric_hidden": shape.numeric_hidden}
    return BertConfig(
        vocab_size=encoder.events.vocabulary_size,
        hidden_size=shape.hidden,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        intermediate_size=shape.intermediate,
        hidden_dropout_prob=shape.dropout,
        attention_probs_dropout_prob=shape.dropout,
        max_position_embeddings=encoder.window_events,
        type_vocab_size=1,
        pad_token_id=None,
        **branch,
    )


class _Trainer:
    """Fits a network, in place."""

    def __init__(self, network: EventNetwork, encoder: Encoder, data: TrainingSet, recipe: Recipe) -> None:
        self._device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self._network = network.to(self._device)
        self._encoder = encoder
        self._data = data
        self._recipe = recipe.training
        self._random = np.random.default_rng(recipe.seed)

    def fit(self, training: Indices, validation: Indices, report: Report) -> tuple[list[dict[str, float]], Logits]:
        """Train until the epochs or the patience end, and keep the best epoch: its history and validation logits."""
        batches = _Batches(self._data.labels, training, self._recipe, self._random)
        optimiser, schedule = _optimiser(self._network, self._recipe, len(batches))
        history: list[dict[str, float]] = []
        best, state, kept = -1.0, copy.deepcopy(self._network.state_dict()), np.empty(0)
        waited = 0
        for epoch in range(self._recipe.epochs):
            loss = self._epoch(epoch, batches, optimiser, schedule, report)
            logits = self._predict(validation)
            labels = self._data.labels[validation]
            auc, precision = roc_auc(labels, logits), average_precision(labels, logits)
            history.append({"epoch": epoch + 1, "loss": loss, "roc_auc": auc, "average_precision": precision})
            report(Progress(epoch + 1, len(batches), len(batches), loss, auc, precision))
            waited += 1
            if precision > best:
                best, state, kept, waited = precision, copy.deepcopy(self._network.state_dict()), logits, 0
            if waited >= self._recipe.patience:
                break
        self._network.load_state_dict(state)
        return history, kept

    def _epoch(
        self,
        epoch: int,
        batches: "_Batches",
        optimiser: torch.optim.Optimizer,
        schedule: torch.optim.lr_scheduler.LRScheduler,
        report: Report,
    ) -> float:
        self._network.train()
        running, total = None, 0.0
        for step, indices in enumerate(batches):
            labels = torch.from_numpy(self._data.labels[indices].astype(np.float32)).to(self._device)
            loss = F.binary_cross_entropy_with_logits(self._forward(indices), labels)
            optimiser.zero_grad()
            torch.autograd.backward(loss)
            torch.nn.utils.clip_grad_norm_(self._network.parameters(), self._recipe.gradient_clip)
            optimiser.step()
            schedule.step()
            total += loss.item()
            running = loss.item() if running is None else _LOSS_MEMORY * running + (1 - _LOSS_MEMORY) * loss.item()
            report(Progress(epoch + 1, step + 1, len(batches), running))
        return total / len(batches)

    def _forward(self, indices: Indices) -> Tensor:
        rows = self._data.rows(indices)
        inputs = Inputs.encoded(self._encoder, rows, self._data.features[indices]).to(self._device)
        mask = torch.from_numpy((rows["event_time"][:, ::-1] != 0).astype(np.int64)).to(self._device)
        logits: Tensor = self._network(*inputs, mask)
        return logits

    @torch.inference_mode()
    def _predict(self, indices: Indices) -> Logits:
        self._network.eval()
        parts = np.array_split(indices, math.ceil(len(indices) / _EVALUATION_BATCH))
        return torch.cat([self._forward(part) for part in parts]).cpu().numpy().astype(np.float64)


class _Batches:
    """The batches of each epoch: every positive and a fresh draw of the negatives, shuffled."""

    def __init__(
        self, labels: npt.NDArray[np.uint8], training: Indices, recipe: Optimisation, random: np.random.Generator
    ) -> None:
        positive = labels[training] == 1
        self._positives, self._negatives = training[positive], training[~positive]
        self._drawn = max(1, round(recipe.negative_rate * len(self._negatives)))
        self._size = recipe.batch_size
        self._random = random

    def __len__(self) -> int:
        return math.ceil((len(self._positives) + self._drawn) / self._size)

    def __iter__(self) -> Iterator[Indices]:
        drawn = self._random.choice(self._negatives, self._drawn, replace=False)
        epoch = self._random.permutation(np.concatenate((self._positives, drawn)))
        return iter(np.array_split(epoch, len(self)))


def _optimiser(
    network: EventNetwork, recipe: Optimisation, steps: int
) -> tuple[torch.optim.Optimizer, torch.optim.lr_scheduler.LRScheduler]:
    total = steps * recipe.epochs
    rising = max(1, round(recipe.warmup * total))

    def rate(step: int) -> float:
        if step < rising:
            return (step + 1) / rising
        return 0.5 * (1 + math.cos(math.pi * (step - rising) / max(1, total - rising)))

    matrices = [parameter for parameter in network.parameters() if parameter.ndim > 1]
    vectors = [parameter for parameter in network.parameters() if parameter.ndim <= 1]
    groups = [{"params": matrices, "weight_decay": recipe.weight_decay}, {"params": vectors, "weight_decay": 0.0}]
    optimiser = torch.optim.AdamW(groups, lr=recipe.learning_rate)
    return optimiser, torch.optim.lr_scheduler.LambdaLR(optimiser, rate)


def _described(data: TrainingSet, indices: Indices) -> dict[str, Any]:
    times = data.event_times[indices]
    return {
        "events": len(indices),
        "positives": int(data.labels[indices].sum()),
        "first_event_time": int(times.min()),
        "last_event_time": int(times.max()),
    }


def _quality(labels: npt.NDArray[np.uint8], logits: Logits, slope: float, offset: float) -> dict[str, float]:
    probabilities = 1 / (1 + np.exp(-(slope * logits + offset)))
    return {
        "roc_auc": roc_auc(labels, logits),
        "average_precision": average_precision(labels, logits),
        "log_loss": log_loss(labels, probabilities),
        "expected_calibration_error": expected_calibration_error(labels, probabilities),
    }
