"""Training of the `event` scorer: from a training set and a recipe to a checkpoint."""

import math
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from transformers import BertConfig

from models.checkpoint import save_checkpoint
from models.encoder import Encoder, TextEncoding
from models.fitting import Fit, Logits, Report
from models.inputs import Inputs
from models.model_card import model_card
from models.network import EventNetwork
from models.own_texts import OwnTexts, open_encoder
from models.precision import mixed
from models.pretraining import pretrain
from models.recipe import Augmentation, ModelShape, Recipe
from models.training_metrics import training_metrics
from models.training_set import Indices, TrainingSet
from models.unfinished import Unfinished

Features = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

_EVALUATION_BATCH: Final = 1_024


def train(data: TrainingSet, recipe: Recipe, output: Path, report: Report = lambda progress: None) -> Path:
    """Train on `data` as the recipe says and write the best epoch's checkpoint to `output`.

    The same recipe, data and machine give the same weights, interrupted or not: an interrupted training goes on after
    its last whole epoch, and begins anew within pre-training. Raises TrainingSetError where a part lacks a class, or
    `output` holds another one unfinished; RecipeError where the weights grow beyond what is finite; CheckpointError
    and RecipeError for the texts' encoder.
    """
    training, validation = data.split(recipe.validation.days, recipe.validation.label_delay_days)
    unfinished = Unfinished(output, recipe, data)
    with torch.random.fork_rng():
        base = open_encoder(recipe.text) if recipe.text else None
        read = TextEncoding(width=base.width, max_tokens=base.max_tokens) if base else None
        encoder = Encoder.fit(data, training, recipe.model.feature_pieces, recipe.seed, read)
        texts = OwnTexts(base, data, report) if base else None
        torch.manual_seed(recipe.seed)
        network = EventNetwork(network_config(encoder, recipe.model))
        learner = _Learner(network, encoder, data, recipe.augmentation, texts)
        if recipe.pretraining.epochs and unfinished.read() is None:
            pretrain(network, encoder, data, training, recipe, report)
        fit = Fit(learner, data.labels, training, validation, recipe.training, recipe.seed)
        fitted = fit.run(unfinished, report)
    metrics = training_metrics(data, training, validation, recipe, fitted)
    calibration = metrics["calibration"]
    network.calibration.copy_(torch.tensor([calibration["slope"], calibration["offset"]]))
    save_checkpoint(output, recipe.name, network, encoder, metrics, model_card(recipe, encoder, metrics), base)
    unfinished.remove()
    return output


def network_config(encoder: Encoder, shape: ModelShape) -> BertConfig:
    """The configuration of a network for an encoder's inputs."""
    branch: dict[str, Any] = {"numeric_width": encoder.features.width, "numeric_hidden": shape.numeric_hidden}
    if encoder.text:
        branch["text_width"] = encoder.text.width
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


class _Learner:
    """A network over the encoded events of a training set."""

    def __init__(
        self,
        network: EventNetwork,
        encoder: Encoder,
        data: TrainingSet,
        augmentation: Augmentation,
        texts: OwnTexts | None,
    ) -> None:
        self._device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self._network = network.to(self._device)
        self._encoder = encoder
        self._data = data
        self._augmentation = augmentation
        self._texts = texts

    @property
    def network(self) -> EventNetwork:
        return self._network

    def logits(self, indices: Indices) -> Tensor:
        rows, features = self._data.rows(indices), self._data.features[indices]
        mask = rows["event_time"][:, ::-1] != 0
        if self._network.training:
            features, mask = self._augmented(features, mask)
        inputs = Inputs.encoded(self._encoder, rows, features).to(self._device)
        texts = self._texts(indices).to(self._device) if self._texts else None
        with mixed(self._device, self._network.training):
            logits: Tensor = self._network(*inputs, torch.from_numpy(mask.astype(np.int64)).to(self._device), texts)
        return logits.float()

    def _augmented(self, features: Features, mask: Mask) -> tuple[Features, Mask]:
        """Features [n, features] with some unknown, and a mask [n, length] without some of the earlier events."""
        hidden, left_out = self._augmentation.feature_dropout, self._augmentation.event_dropout
        if hidden:
            features = np.where(_drawn(features.shape, hidden), np.float32(np.nan), features)
        if left_out:
            mask = mask & ~_drawn(mask.shape, left_out)
            mask[:, 0] = True  # the scored event
        return features, mask

    @torch.inference_mode()
    def predict(self, indices: Indices) -> Logits:
        parts = np.array_split(indices, math.ceil(len(indices) / _EVALUATION_BATCH))
        return torch.cat([self.logits(part) for part in parts]).cpu().numpy().astype(np.float64)


def _drawn(shape: tuple[int, ...], probability: float) -> Mask:
    """True with a probability; by torch's random state, which an unfinished training keeps."""
    drawn: Mask = (torch.rand(shape) < probability).numpy()
    return drawn
