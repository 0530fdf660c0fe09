"""A checkpoint's files, verified: all that can be told of one without torch, which takes seconds to import.

config.json        a BertConfig, with the numeric branch's sizes, the model's name and the other files' SHA-256
model.safetensors  the weights, and the calibration
encoder.json       vocabulary, bins and scales, the feature names and the window's length
metrics.json       what training measured
README.md          the model card

unfinished.safetensors   while it is trained: what the rest of the training depends on
"""

import hashlib
import json
from pathlib import Path
from typing import Any, Final, NamedTuple

from pydantic import ValidationError

from models.encoder import Encoder
from models.errors import CheckpointError

CONFIG: Final = "config.json"
WEIGHTS: Final = "model.safetensors"
ENCODER: Final = "encoder.json"
METRICS: Final = "metrics.json"
CARD: Final = "README.md"
UNFINISHED: Final = "unfinished.safetensors"

ARCHITECTURE: Final = "EventNetwork"


class CheckpointFiles(NamedTuple):
    """What a checkpoint's directory holds, whole and fit for its use."""

    version: str
    """The model's name and a hash."""
    config: dict[str, Any]
    encoder: Encoder
    weights: bytes


def read_checkpoint(
    directory: Path, feature_names: tuple[str, ...] | None = None, window_events: int | None = None
) -> CheckpointFiles:
    """Read a checkpoint, and check that its files belong together.

    Raises CheckpointError, naming the file and what to do, for a checkpoint that is missing or damaged, or that was
    trained on other features, or on longer windows, than those given.
    """
    data = _read(directory, CONFIG)
    config = _config(directory, data)
    encoder = _encoder(directory, _verified(directory, ENCODER, config))
    _check_fit(directory, encoder, feature_names, window_events)
    return CheckpointFiles(
        f"{config['name']}#{sha256(data)[:8]}", config, encoder, _verified(directory, WEIGHTS, config)
    )


def sha256(data: bytes) -> str:
    """A file's hash, in hexadecimal."""
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


def _verified(directory: Path, file: str, config: dict[str, Any]) -> bytes:
    data = _read(directory, file)
    if config["sha256"].get(file) != sha256(data):
        raise CheckpointError(f"{directory}: {file} is damaged (its SHA-256 is not config.json's): copy it again")
    return data


def _config(directory: Path, data: bytes) -> dict[str, Any]:
    try:
        config: dict[str, Any] = json.loads(data)
        architectures, name, hashes = config["architectures"], config["name"], config["sha256"]
    except (ValueError, TypeError, KeyError) as error:
        raise damaged(directory, error) from None
    if architectures != [ARCHITECTURE]:
        raise CheckpointError(f"{directory}: {CONFIG}: architectures must be {ARCHITECTURE}: not an event scorer")
    if not isinstance(name, str) or not isinstance(hashes, dict):
        raise damaged(directory, TypeError("a field has the wrong type"))
    return config


def damaged(directory: Path, error: Exception) -> CheckpointError:
    """What to tell of a configuration that can't be used."""
    said = f"{error}".splitlines() or ["a field has the wrong type"]
    return CheckpointError(f"{directory}: {CONFIG} is damaged ({said[0]}): copy the checkpoint again")


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
