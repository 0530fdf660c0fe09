"""Where a model's files are: a directory, or the hub's, which are fetched once."""

from pathlib import Path
from typing import Final

from models.errors import CheckpointError, first_line

HUB: Final = "hub:"
_FILES: Final = ["*.json", "*.safetensors", "*.txt", "*.model"]


def model_directory(name: str) -> Path:
    """Of a directory's name, or of `hub:` and a model's name on the Hugging Face hub. Nothing else asks the hub.

    Raises CheckpointError where the hub doesn't give it.
    """
    if not name.startswith(HUB):
        return Path(name)
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(name.removeprefix(HUB), allow_patterns=_FILES))
    except Exception as error:  # the hub's errors, the network's, and the file system's
        raise CheckpointError(f"{name}: can't be fetched from the hub ({first_line(error)})") from None
