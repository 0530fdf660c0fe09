"""Checkpoints in Hugging Face's style: a directory of JSON and safetensors. Loading one executes nothing from it.

config.json        a BertConfig, with the numeric branch's sizes, the model's name and the other files' SHA-256
model.safetensors  the weights, and the calibration
encoder.json       vocabulary, bins and scales, the feature names and the window's length
metrics.json       what training measured
README.md          the model card
"""

import hashlib
import json
from pathlib import Path
from typing import Any, Final

import orjson
import torch
from pydantic import ValidationError
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from transformers import BertConfig

from contracts.scoring import ROW_SIZE, ScoringInput
from models.encoder import Encoder
from models.errors import CheckpointError
from models.event_scorer import EventScorer
from models.network import ARCHITECTURE, EventNetwork

CONFIG: Final = "config.json"
WEIGHTS: Final = "model.safetensors"
ENCODER: Final = "encoder.json"
METRICS: Final = "metrics.json"
CARD: Final = "README.md"


def save_checkpoint(
    directory: Path, name: str, network: EventNetwork, encoder: Encoder, metrics: dict[str, Any], card: str
) -> None:
    """Write a checkpoint; the directory is made where it is missing, its files are replaced."""
    state = {key: tensor.detach().cpu().contiguous() for key, tensor in network.state_dict().items()}
    files = {
        WEIGHTS: save_tensors(state, metadata={"format": "pt"}),
        ENCODER: orjson.dumps(encoder.model_dump(mode="json"), option=orjson.OPT_INDENT_2),
    }
    config = network.config.to_diff_dict() | {
        "architectures": [ARCHITECTURE],
        "name": name,
        "sha256": {file: _sha256(data) for file, data in files.items()},
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
) -> EventScorer:
    """The scorer in a checkpoint, warm, on `device`: by default a GPU where there is one.

    Raises CheckpointError, naming the file and what to do, for a checkpoint that is missing or damaged, or that was
    trained on other features, or on longer windows, than those given.
    """
    config_bytes = _read(directory, CONFIG)
    config = _config(directory, config_bytes)
    encoder = _encoder(directory, _verified(directory, ENCODER, config))
    _check_fit(directory, encoder, feature_names, window_events)
    network = _network(directory, config, encoder, _verified(directory, WEIGHTS, config))
    target = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
    scorer = EventScorer(network, encoder, f"{config.name}#{_sha256(config_bytes)[:8]}", target)
    scorer.score([ScoringInput((float("nan"),) * len(scorer.feature_names), bytes(ROW_SIZE))])
    return scorer


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _read(directory: Path, file: str) -> bytes:
    try:
        return (directory / file).read_bytes()
    except FileNotFoundError:
        if not directory.is_dir():
            raise CheckpointError(f"{directory}: there is no such checkpoint; `sealwax train` makes one") from None
        raise CheckpointError(f"{directory}: {file} is missing: copy the whole checkpoint again") from None
    except OSError as error:
        raise CheckpointError(f"{directory}: {file} cannot be read: {error.strerror}") from None


def _verified(directory: Path, file: str, config: BertConfig) -> bytes:
    data = _read(directory, file)
    if config.sha256.get(file) != _sha256(data):
        raise CheckpointError(f"{directory}: {file} is damaged (its SHA-256 is not config.json's): copy it again")
    return data


def _config(directory: Path, data: bytes) -> BertConfig:
    try:
        fields = json.loads(data)
        if fields["architectures"] != [ARCHITECTURE]:
            raise CheckpointError(f"{directory}: {CONFIG}: architectures must be {ARCHITECTURE}: not an event scorer")
        if not isinstance(fields["name"], str) or not isinstance(fields["sha256"], dict):
            raise TypeError
        return BertConfig(**fields)
    except CheckpointError:
        raise
    except Exception as error:  # BertConfig has no one error for what it refuses
        said = f"{error}".splitlines() or ["a field has the wrong type"]
        raise CheckpointError(f"{directory}: {CONFIG} is damaged ({said[0]}): copy the checkpoint again") from None


def _encoder(directory: Path, data: bytes) -> Encoder:
    try:
        return Encoder.model_validate_json(data)
    except ValidationError as error:
        detail = error.errors(include_url=False)[0]
        field = ".".join(str(part) for part in detail["loc"])
        raise CheckpointError(f"{directory}: {ENCODER}: {field}: {detail['msg']}".replace(": : ", ": ")) from None


def _check_fit(directory: Path, encoder: Encoder, names: tuple[str, ...] | None, events: int | None) -> None:
    expected = encoder.features.names
    if names is not None and names != expected:
        missing, unknown = sorted(set(expected) - set(names)), sorted(set(names) - set(expected))
        said = [f"it lacks {', '.join(missing)}"] * bool(missing)
        said += [f"the checkpoint does not know {', '.join(unknown)}"] * bool(unknown)
        raise CheckpointError(
            f"{directory}: does not fit the feature set: {'; '.join(said) or 'the order of the features differs'}: "
            "use the feature set it was trained with, or train again with this one"
        )
    if events is not None and events < encoder.window_events:
        raise CheckpointError(
            f"{directory}: was trained on windows of {encoder.window_events} events, and the feature set's "
            f"window_events is {events}: raise it, or train again"
        )


def _network(directory: Path, config: BertConfig, encoder: Encoder, data: bytes) -> EventNetwork:
    sizes = (config.vocab_size, config.numeric_width, config.max_position_embeddings)
    if sizes != (encoder.events.vocabulary_size, encoder.features.width, encoder.window_events):
        raise CheckpointError(f"{directory}: {CONFIG} and {ENCODER} are of different models: copy the checkpoint again")
    try:
        network = EventNetwork(config)
        network.load_state_dict(load_tensors(data))
    except (SafetensorError, RuntimeError, ValueError) as error:
        raise CheckpointError(f"{directory}: {WEIGHTS} does not fit {CONFIG} ({str(error).splitlines()[0]})") from None
    if not all(torch.isfinite(tensor).all() for tensor in network.state_dict().values()):
        raise CheckpointError(f"{directory}: {WEIGHTS} holds numbers that are not finite: train again")
    return network
