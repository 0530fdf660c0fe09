"""A text scorer's checkpoint, verified: all that can be told of one without torch and transformers.

config.json, *.safetensors, tokenizer files   a Hugging Face sequence classification model, as others load it too
text.json        how windows are told, and what the answer means; a model that Sealwax has not trained may lack it
metrics.json     what training measured
README.md        the model card

One that Sealwax has trained names itself and its files' SHA-256 in config.json.
"""

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, NamedTuple

from models.checkpoint_files import CONFIG, UNFINISHED, check_features, damaged, parsed, read_file, read_json, verified
from models.errors import CheckpointError
from models.text.settings import TextSettings

TEXT: Final = "text.json"
WEIGHTS: Final = "*.safetensors"
TOKENIZERS: Final = ("tokenizer.json", "vocab.txt", "vocab.json", "spiece.model", "sentencepiece.bpe.model")

ARCHITECTURE: Final = "ForSequenceClassification"
"""What the names of the architectures end in."""

_FRAUD: Final = ("fraud", "abuse")
_UNNAMED: Final = {"0": "LABEL_0", "1": "LABEL_1"}


class TextFiles(NamedTuple):
    """What a text checkpoint's directory holds, whole and fit for its use."""

    version: str
    """The model's name and a hash of all that a score depends on."""
    settings: TextSettings
    label: int
    """Of the model's labels, the one that stands for fraud and abuse."""


def read_text_checkpoint(
    directory: Path, feature_names: tuple[str, ...] | None = None, window_events: int | None = None
) -> TextFiles:
    """Read a checkpoint, and check that its files belong together.

    Raises CheckpointError, naming the file and what to do, for a checkpoint that is missing or damaged, or that was
    trained on other features, or on longer windows, than those given.
    """
    data = read_file(directory, CONFIG)
    config = read_json(directory, data)
    files = [file.name for file in scored_by(directory)]
    for name in config.get("sha256", ()):
        verified(directory, name, config)
    settings = TextSettings()
    if TEXT in files:
        settings = parsed(directory, TEXT, read_file(directory, TEXT), TextSettings)
    if settings.features.names:
        check_features(directory, settings.features.names, settings.window_events, feature_names, window_events)
    hashed = sha256(data).hexdigest() if "sha256" in config else content_hash(directory)
    version = f"{config.get('name', directory.resolve().name)}#{hashed[:8]}"
    return TextFiles(version, settings, _fraud_label(directory, config, settings))


def check_base(directory: Path) -> None:
    """Raise CheckpointError for a directory that holds no model to fine-tune."""
    if not directory.is_dir():
        raise CheckpointError(f"{directory}: there is no such model: name its directory, or hub: and its name there")
    read_json(directory, read_file(directory, CONFIG))
    list(scored_by(directory))


def content_hash(directory: Path) -> str:
    """Of all that a score depends on, in hexadecimal. Raises CheckpointError where a file is missing."""
    hashed = sha256(read_file(directory, CONFIG))
    for file in scored_by(directory):
        hashed.update(read_file(directory, file.name))
    return hashed.hexdigest()


def scored_by(directory: Path) -> Iterator[Path]:
    """The files that a score depends on, beside config.json. Raises CheckpointError where one is missing."""
    weights = sorted(path for path in directory.glob(WEIGHTS) if path.name != UNFINISHED)
    if not weights:
        raise CheckpointError(
            f"{directory}: there are no weights in safetensors, the only form that is loaded: other forms may run code"
        )
    tokenizer = [directory / name for name in TOKENIZERS if (directory / name).is_file()]
    if not tokenizer:
        raise CheckpointError(f"{directory}: the tokenizer is missing (tokenizer.json): copy the whole model")
    yield from weights
    yield from tokenizer
    yield from (path for path in (directory / TEXT, directory / "tokenizer_config.json") if path.is_file())


def _fraud_label(directory: Path, config: dict[str, Any], settings: TextSettings) -> int:
    """Raises CheckpointError where the labels don't tell it."""
    labels = config.get("id2label", _UNNAMED)
    if not isinstance(labels, dict):
        raise damaged(directory, TypeError("id2label is no object"))
    if len(labels) == 1:
        return 0
    wanted = (settings.fraud_label,) if settings.fraud_label is not None else _FRAUD
    found = [number for number, name in labels.items() if name in wanted or str(name).lower() in wanted]
    if not found and settings.fraud_label is None and labels == _UNNAMED:
        return 1
    if len(found) != 1:
        told = ", ".join(map(str, labels.values()))
        raise CheckpointError(
            f"{directory}: {CONFIG}: which of the labels {told} stands for fraud and abuse? Name it in {TEXT}: "
            '{"fraud_label": "..."}'
        )
    return int(found[0])
