"""Hugging Face models and tokenisers from a directory: safetensors alone, no code of theirs, no network."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import torch
from transformers import (
    AutoModel,
    AutoModelForSequenceClassification,
    AutoTokenizer,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)
from transformers.utils import logging

from models.errors import CheckpointError, first_line


def load_tokenizer(directory: Path) -> PreTrainedTokenizerBase:
    """Raises CheckpointError where it can't be loaded."""
    try:
        tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(
            directory, local_files_only=True, trust_remote_code=False
        )
    except Exception as error:  # it has no one error for what it refuses
        raise CheckpointError(f"{directory}: the tokenizer can't be loaded ({first_line(error)})") from None
    if tokenizer.pad_token_id is None:
        raise CheckpointError(
            f"{directory}: the tokenizer has no padding token: set pad_token in tokenizer_config.json"
        )
    return tokenizer


def load_model(directory: Path, new_head: bool = False) -> PreTrainedModel:
    """A sequence classification model in fp32; with `new_head`, one for a single logit over the model's body.

    A pooler that the body lacks is part of a new head. Raises CheckpointError where it can't be loaded or isn't whole.
    """
    head: dict[str, Any] = {"num_labels": 1, "ignore_mismatched_sizes": True} if new_head else {}
    model, told = _load(AutoModelForSequenceClassification, directory, **head)
    absent = {*told["missing_keys"], *(name for name, *_ in told["mismatched_keys"])}
    body = f"{model.base_model_prefix}."
    missing = sorted(
        name for name in absent if not new_head or (name.startswith(body) and not name.startswith(f"{body}pooler."))
    )
    _check_weights(directory, model, missing)
    return model


def load_encoder(directory: Path) -> PreTrainedModel:
    """A model in fp32 that gives a state for each token of a text, without a pooler.

    Raises CheckpointError where it can't be loaded, isn't whole, or is of another kind.
    """
    model, told = _load(AutoModel, directory)
    if model.config.is_encoder_decoder or not hasattr(model.config, "hidden_size"):
        raise CheckpointError(f"{directory}: is no encoder of texts: name one such as BERT")
    if hasattr(model, "pooler"):
        model.register_module("pooler", None)
    _check_weights(directory, model, sorted(name for name in told["missing_keys"] if not name.startswith("pooler.")))
    return model


def _load(kind: Any, directory: Path, **more: Any) -> tuple[PreTrainedModel, dict[str, Any]]:
    """The model, and what transformers tells of its loading."""
    try:
        with _quiet():
            model, told = kind.from_pretrained(
                directory, local_files_only=True, trust_remote_code=False, use_safetensors=True, dtype=torch.float32,
                output_loading_info=True, **more,
            )  # fmt: skip
    except Exception as error:  # as above
        raise CheckpointError(f"{directory}: the model can't be loaded ({first_line(error)})") from None
    return cast(PreTrainedModel, model), told


def _check_weights(directory: Path, model: PreTrainedModel, missing: list[str]) -> None:
    if missing:
        raise CheckpointError(f"{directory}: the weights lack {', '.join(missing[:3])}: not a whole model of this kind")
    if not all(tensor.isfinite().all() for tensor in model.parameters()):
        raise CheckpointError(
            f"{directory}: the weights hold numbers that are not finite: train or copy the model again"
        )


def save_pretrained(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, directory: Path) -> None:
    """Write both as transformers loads them."""
    tokenizer.save_pretrained(directory)
    with _quiet():
        model.save_pretrained(directory)
    for path in directory.glob("model*.safetensors"):  # which it lets only their owner read
        data = path.read_bytes()
        path.unlink()
        path.write_bytes(data)


@contextmanager
def _quiet() -> Iterator[None]:
    """Without what transformers tells while it loads and saves: that a head is new, and bars of its own."""
    verbosity, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if bars:
            logging.enable_progress_bar()


def longest_text(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> int:
    """Tokens that a model reads at most."""
    limits = [tokenizer.model_max_length]
    if (positions := getattr(model.config, "max_position_embeddings", None)) is not None:
        limits.append(positions - _unused_positions(model))
    return min(limit for limit in limits if limit > 0)


def _unused_positions(model: PreTrainedModel) -> int:
    """RoBERTa and its kin count positions from behind that of padding."""
    table = getattr(getattr(model.base_model, "embeddings", None), "position_embeddings", None)
    padding: int | None = getattr(table, "padding_idx", None)
    return 0 if padding is None else padding + 1
