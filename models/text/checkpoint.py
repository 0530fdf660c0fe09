"""Text scorers' checkpoints, written and loaded."""

import json
from pathlib import Path
from typing import Any

import orjson
import torch
from torch import nn
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from contracts.scoring import ROW_SIZE, Precision, ScoringInput
from models.checkpoint_files import CARD, CONFIG, METRICS, sha256
from models.precision import DTYPES, versioned
from models.text.checkpoint_files import TEXT, read_text_checkpoint, scored_by
from models.text.logits import RiskLogits
from models.text.pretrained import load_model, load_tokenizer, longest_text, save_pretrained
from models.text.scorer import TextScorer
from models.text.settings import TextSettings
from models.text.tokens import Tokens


def save_text_checkpoint(
    directory: Path,
    name: str,
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    settings: TextSettings,
    metrics: dict[str, Any],
    card: str,
) -> None:
    """Write a checkpoint; the directory is made where it is missing, its files are replaced."""
    directory.mkdir(parents=True, exist_ok=True)
    told = {METRICS: orjson.dumps(metrics, option=orjson.OPT_INDENT_2), CARD: card.encode()}
    told[TEXT] = orjson.dumps(settings.model_dump(mode="json"), option=orjson.OPT_INDENT_2)
    for file, data in told.items():
        (directory / file).write_bytes(data)
    save_pretrained(model, tokenizer, directory)
    config = json.loads((directory / CONFIG).read_bytes())
    config |= {"name": name, "sha256": {path.name: sha256(path.read_bytes()) for path in scored_by(directory)}}
    (directory / CONFIG).write_text(json.dumps(config, indent=2, sort_keys=True), encoding="utf-8")


def load_text_checkpoint(
    directory: Path,
    feature_names: tuple[str, ...] | None = None,
    window_events: int | None = None,
    device: str | None = None,
    precision: Precision = "float32",
) -> TextScorer:
    """The scorer in a checkpoint, warm, on `device`: by default a GPU where there is one.

    Raises CheckpointError, as `read_text_checkpoint` does, and for weights of another shape.
    """
    files = read_text_checkpoint(directory, feature_names, window_events)
    tokenizer, model = load_tokenizer(directory), nn.Module.to(load_model(directory), DTYPES[precision])
    target = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
    logits = RiskLogits(model, files.label, int(tokenizer.pad_token_id), target)
    settings = files.settings
    tokens = Tokens(tokenizer, min(settings.max_tokens, longest_text(model, tokenizer)), settings.own_text)
    told = settings.window_events or window_events or 1
    scorer = TextScorer(logits, tokens, settings, versioned(files.version, precision), told)
    scorer.score([ScoringInput((float("nan"),) * len(scorer.feature_names), bytes(ROW_SIZE))])
    return scorer
