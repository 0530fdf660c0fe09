"""Fine-tuning of a `text` scorer: from a training set, a recipe and a base model to a checkpoint."""

import re
from pathlib import Path
from typing import Final

import numpy as np
import torch
from torch import Tensor
from transformers import PreTrainedModel

from models.errors import RecipeError
from models.fitting import Fit, Logits, Report
from models.recipe import TextRecipe
from models.text.batches import Text
from models.text.checkpoint import save_text_checkpoint
from models.text.hub import model_directory
from models.text.logits import RiskLogits
from models.text.model_card import text_model_card
from models.text.pretrained import load_model, load_tokenizer, longest_text
from models.text.prose import Prose
from models.text.settings import Calibration, TextSettings
from models.text.tokens import Tokens
from models.training_metrics import training_metrics
from models.training_set import Indices, TrainingSet
from models.unfinished import Unfinished

_FRAUD: Final = {0: "fraud"}
_LAYER: Final = re.compile(r"\.layers?\.(\d+)\.")


def train_text(data: TrainingSet, recipe: TextRecipe, output: Path, report: Report = lambda progress: None) -> Path:
    """Fine-tune on `data` as the recipe says and write the best epoch's checkpoint to `output`.

    The same recipe, base, data and machine give the same weights, interrupted or not. Raises TrainingSetError as the
    event scorer's training does, CheckpointError for the base model, and RecipeError for what doesn't fit it.
    """
    training, validation = data.split(recipe.validation.days, recipe.validation.label_delay_days)
    settings = TextSettings.fit(data, training, recipe.model)
    base = model_directory(recipe.model.base)
    unfinished = Unfinished(output, recipe, data)
    tokenizer = load_tokenizer(base)
    with torch.random.fork_rng():
        torch.manual_seed(recipe.seed)
        model = load_model(base, new_head=True)
        model.config.id2label, model.config.label2id = _FRAUD, {name: label for label, name in _FRAUD.items()}
        if (limit := longest_text(model, tokenizer)) < recipe.model.max_tokens:
            raise RecipeError(f"model.max_tokens: {recipe.model.max_tokens} is more than the {limit} that {base} reads")
        _freeze(model, recipe.model.frozen_layers)
        device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        logits = RiskLogits(model, 0, int(tokenizer.pad_token_id), device)
        learner = _Learner(logits, Tokens(tokenizer, recipe.model.max_tokens, settings.own_text), Prose(settings), data)
        fit = Fit(learner, data.labels, training, validation, recipe.training, recipe.seed)
        fitted = fit.run(unfinished, report)
    metrics = training_metrics(data, training, validation, recipe, fitted)
    settings = settings.model_copy(update={"calibration": Calibration(**metrics["calibration"])})
    card = text_model_card(recipe, settings, metrics)
    save_text_checkpoint(output, recipe.name, model, tokenizer, settings, metrics, card)
    unfinished.remove()
    return output


def _freeze(model: PreTrainedModel, layers: int) -> None:
    """Fit neither the first layers nor, with them, the embeddings."""
    if layers > model.config.num_hidden_layers:
        raise RecipeError(f"model.frozen_layers: {layers} is more than the base's {model.config.num_hidden_layers}")
    for name, parameter in model.base_model.named_parameters():
        layer = _LAYER.search(f".{name}")
        if layers and (int(layer[1]) < layers if layer else name.startswith("embeddings.")):
            parameter.requires_grad = False


class _Learner:
    """A model over the prose of a training set's windows."""

    def __init__(self, logits: RiskLogits, tokens: Tokens, prose: Prose, data: TrainingSet) -> None:
        self._logits = logits
        self._tokens = tokens
        self._prose = prose
        self._data = data

    @property
    def network(self) -> PreTrainedModel:
        return self._logits.model

    def logits(self, indices: Indices) -> Tensor:
        return self._logits(self._texts(indices))

    def predict(self, indices: Indices) -> Logits:
        return self._logits.by_length(self._texts(indices)).numpy().astype(np.float64)

    def _texts(self, indices: Indices) -> list[Text]:
        return [self._tokens.ids(self._prose.pieces(one)) for one in self._data.inputs(indices)]
