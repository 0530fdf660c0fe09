"""A checkpoint's files, verified: all that can be told of one without torch, which takes seconds to import.

config.json        a BertConfig, with the numeric branch's sizes, the model's name and the other files' SHA-256
model.safetensors  the weights, and the calibration
encoder.json       vocabulary, bins and scales, the feature names and the window's length
text/              where the events' own texts are read: their frozen encoder, a Hugging Face model and its tokenizer
metrics.json       what training measured
README.md          the model card

unfinished.safetensors   while it is trained: what the rest of the training depends on
"""

import hashlib
import json
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar

from pydantic import BaseModel, ValidationError

from contracts.problems import first_problem
from models.encoder import Encoder
from models.errors import CheckpointError

Model = TypeVar("Model", bound=BaseModel)

CONFIG: Final = "config.json"
WEIGHTS: Final = "model.safetensors"
ENCODER: Final = "encoder.json"
METRICS: Final = "metrics.json"
CARD: Final = "README.md"
TEXT: Final = "text"
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
    data = read_file(directory, CONFIG)
    config = _config(directory, data)
    encoder = parsed(directory, ENCODER, verified(directory, ENCODER, config), Encoder)
    check_features(directory, encoder.features.names, encoder.window_events, feature_names, window_events)
    own = [file for file in config["sha256"] if file.startswith(f"{TEXT}/")]
    if encoder.text and not own:
        raise damaged(directory, KeyError(f"the SHA-256 of {TEXT}/{WEIGHTS}"))
    for file in own:
        verified(directory, file, config)
    return CheckpointFiles(
        f"{config['name']}#{sha256(data)[:8]}", config, encoder, verified(directory, WEIGHTS, config)
    )


def sha256(data: bytes) -> str:
    """A file's hash, in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def read_file(directory: Path, file: str) -> bytes:
    """Of a checkpoint. Raises CheckpointError where it is missing or can't be read."""
    try:
        return (directory / file).read_bytes()
    except FileNotFoundError:
        if not directory.is_dir():
            raise CheckpointError(f"{directory}: there is no such checkpoint; `sealwax train` makes one") from None
        raise CheckpointError(f"{directory}: {file} is missing: copy the whole checkpoint again") from None
    except OSError as error:
        raise CheckpointError(f"{directory}: {file} cannot be read: {error.strerror}") from None


def verified(directory: Path, file: str, config: dict[str, Any]) -> bytes:
    """The bytes of a file whose SHA-256 is the configuration's; raises CheckpointError where it isn't."""
    data = read_file(directory, file)
    if config["sha256"].get(file) != sha256(data):
        raise CheckpointError(f"{directory}: {file} is damaged (its SHA-256 is not config.json's): copy it again")
    return data


def _config(directory: Path, data: bytes) -> dict[str, Any]:
    config = read_json(directory, data)
    try:
        architectures, name, hashes = config["architectures"], config["name"], config["sha256"]
    except KeyError as error:
        raise damaged(directory, error) from None
    if architectures != [ARCHITECTURE]:
        raise CheckpointError(f"{directory}: {CONFIG}: architectures must be {ARCHITECTURE}: not an event scorer")
    if not isinstance(name, str) or not isinstance(hashes, dict):
        raise damaged(directory, TypeError("a field has the wrong type"))
    return config


def read_json(directory: Path, data: bytes) -> dict[str, Any]:
    """config.json, an object. Raises CheckpointError where it is none."""
    try:
        config = json.loads(data)
    except ValueError as error:
        raise damaged(directory, error) from None
    if not isinstance(config, dict):
        raise damaged(directory, TypeError("it is no object"))
    return config


def damaged(directory: Path, error: Exception) -> CheckpointError:
    """What to tell of a configuration that can't be used."""
    said = f"{error}".splitlines() or ["a field has the wrong type"]
    return CheckpointError(f"{directory}: {CONFIG} is damaged ({said[0]}): copy the checkpoint again")


def parsed(directory: Path, file: str, data: bytes, kind: type[Model]) -> Model:
    """A file's JSON as a model. Raises CheckpointError naming the first wrong field."""
    try:
        return kind.model_validate_json(data)
    except ValidationError as error:
        said = f"{first_problem(error)}: mend it, or copy the checkpoint again"
        raise CheckpointError(f"{directory}: {file}: {said}") from None


def check_features(
    directory: Path,
    expected: tuple[str, ...],
    window_events: int | None,
    names: tuple[str, ...] | None,
    events: int | None,
) -> None:
    """Raise CheckpointError where a checkpoint's features aren't those `names`, or its windows longer than `events`."""
    if names is not None and names != expected:
        missing, unknown = sorted(set(expected) - set(names)), sorted(set(names) - set(expected))
        said = [f"it lacks {', '.join(missing)}"] * bool(missing)
        said += [f"the checkpoint does not know {', '.join(unknown)}"] * bool(unknown)
        raise CheckpointError(
            f"{directory}: does not fit the feature set: {'; '.join(said) or 'the order of the features differs'}: "
            "use the feature set it was trained with, or train again with this one"
        )
    if events is not None and window_events is not None and events < window_events:
        raise CheckpointError(
            f"{directory}: was trained on windows of {window_events} events, and the feature set's "
            f"window_events is {events}: raise it, or train again"
        )
