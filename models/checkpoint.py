"""Checkpoints in Hugging Face's style: a directory of JSON and safetensors. Loading one executes nothing from it."""

import json
import shutil
from pathlib import Path
from textwrap import shorten
from typing import Any

import orjson
import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from transformers import BertConfig

from contracts.scoring import Precision
from models.checkpoint_files import (
    ARCHITECTURE,
    CARD,
    CONFIG,
    ENCODER,
    METRICS,
    TEXT,
    WEIGHTS,
    damaged,
    read_checkpoint,
    sha256,
)
from models.encoder import Encoder
from models.errors import CheckpointError
from models.event_scorer import EventScorer
from models.network import EventNetwork
from models.text.embedding import KeptEmbeddings, TextEncoder


def save_checkpoint(
    directory: Path,
    name: str,
    network: EventNetwork,
    encoder: Encoder,
    metrics: dict[str, Any],
    card: str,
    texts: TextEncoder | None = None,
) -> None:
    """Write a checkpoint; the directory is made where it is missing, its files are replaced."""
    own = directory / TEXT
    shutil.rmtree(own, ignore_errors=True)
    if texts:
        own.mkdir(parents=True)
        texts.save(own)
    hashes = {f"{TEXT}/{path.name}": sha256(path.read_bytes()) for path in own.glob("*")}
    state = {key: tensor.detach().cpu().contiguous() for key, tensor in network.state_dict().items()}
    files = {
        WEIGHTS: save_tensors(state, metadata={"format": "pt"}),
        ENCODER: orjson.dumps(encoder.model_dump(mode="json"), option=orjson.OPT_INDENT_2),
    }
    config = network.config.to_diff_dict() | {
        "architectures": [ARCHITECTURE],
        "name": name,
        "sha256": {file: sha256(data) for file, data in files.items()} | hashes,
    }
    files[CONFIG] = json.dumps(config, indent=2, sort_keys=True).encode()
    files[METRICS] = orjson.dumps(metrics, option=orjson.OPT_INDENT_2)
    files[CARD] = card.encode()
    directory.mkdir(parents=True, exist_ok=True)
    for file, data in files.items():
        (directory / file).write_bytes(data)


def load_checkpoint(
    directory: Path,
    feature_names: tuple[str, ...] | None = None,
    window_events: int | None = None,
    device: str | None = None,
    precision: Precision = "float32",
) -> EventScorer:
    """The scorer in a checkpoint, warm, on `device`: by default a GPU where there is one.

    Raises CheckpointError, naming the file and what to do, for a checkpoint that is missing or damaged, or that was
    trained on other features, or on longer windows, than those given.
    """
    files = read_checkpoint(directory, feature_names, window_events)
    network = _network(directory, _bert(directory, files.config), files.encoder, files.weights)
    target = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
    texts = _texts(directory, files.encoder, target)
    scorer = EventScorer(network, files.encoder, files.version, target, texts, precision)
    scorer.warm_up()
    return scorer


def _texts(directory: Path, encoder: Encoder, device: torch.device) -> KeptEmbeddings | None:
    if encoder.text is None:
        return None
    texts = TextEncoder.load(directory / TEXT, encoder.text.max_tokens, device)
    if texts.width != encoder.text.width:
        raise CheckpointError(f"{directory}: {TEXT} and {ENCODER} are of different models: copy the checkpoint again")
    return KeptEmbeddings(texts)


def _bert(directory: Path, config: dict[str, Any]) -> BertConfig:
    try:
        return BertConfig(**config)
    except Exception as error:  # it has no one error for what it refuses
        raise damaged(directory, error) from None


def _network(directory: Path, config: BertConfig, encoder: Encoder, data: bytes) -> EventNetwork:
    try:
        network = EventNetwork(config)
        width = 0 if network.text is None else network.text.in_features
        sizes = (config.vocab_size, config.numeric_width, config.max_position_embeddings, width)
    except Exception as error:  # sizes that are missing or don't fit together: each part refuses in its own way
        raise damaged(directory, error) from None
    text = encoder.text.width if encoder.text else 0
    if sizes != (encoder.events.vocabulary_size, encoder.features.width, encoder.window_events, text):
        raise CheckpointError(f"{directory}: {CONFIG} and {ENCODER} are of different models: copy the checkpoint again")
    try:
        network.load_state_dict(load_tensors(data))
    except (SafetensorError, RuntimeError, ValueError) as error:
        said = shorten(str(error).splitlines()[:2][-1], 200)  # torch names the tensors from the second line on
        raise CheckpointError(
            f"{directory}: {WEIGHTS} does not fit {CONFIG} ({said}): copy the checkpoint again"
        ) from None
    if not all(torch.isfinite(tensor).all() for tensor in network.state_dict().values()):
        raise CheckpointError(f"{directory}: {WEIGHTS} holds numbers that are not finite: train again")
    return network
