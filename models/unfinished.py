"""A training that has not ended: all that it needs to go on, in one file that is data and never code."""

import json
import os
from pathlib import Path
from typing import Any, NamedTuple

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor
from xxhash import xxh3_128

from models.checkpoint_files import UNFINISHED
from models.errors import TrainingSetError
from models.recipe import AnyRecipe
from models.text.checkpoint_files import check_base, content_hash
from models.text.hub import model_directory
from models.training_set import TrainingSet


class Saved(NamedTuple):
    """What a training was like after an epoch."""

    tensors: dict[str, Tensor]
    told: dict[str, Any]
    """What JSON holds."""


class Unfinished:
    """The file in a checkpoint's directory while its training lasts. A write replaces it whole, or not at all."""

    def __init__(self, directory: Path, recipe: AnyRecipe, data: TrainingSet) -> None:
        """Raises CheckpointError where the recipe's base or a file of it is missing."""
        self._path = directory / UNFINISHED
        self._new = directory / f"{UNFINISHED}.new"
        self._of = _identity(recipe, data)

    def read(self) -> Saved | None:
        """The latest that was written; None where there is none.

        Raises TrainingSetError where it can't be read or is of another recipe, base or data.
        """
        try:
            with safe_open(self._path, "pt") as file:
                told = json.loads(file.metadata()["told"])
                if told["of"] == self._of:
                    return Saved({name: file.get_tensor(name) for name in file.keys()}, told)  # noqa: SIM118, no dict
            said = "is of another recipe, base or data: go on with those"
        except FileNotFoundError:
            return None
        except (OSError, SafetensorError, ValueError, KeyError, TypeError) as error:
            said = f"cannot be read ({error})"
        raise TrainingSetError(f"{self._path}: {said}, or remove the file to start anew, or name another --output")

    def write(self, saved: Saved) -> None:
        """Replace what was there."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in saved.tensors.items()}
        save_file(tensors, self._new, {"told": json.dumps(saved.told | {"of": self._of})})
        os.replace(self._new, self._path)  # noqa: PTH105, which says that it replaces

    def remove(self) -> None:
        """The training has ended, and its checkpoint is written."""
        for path in (self._new, self._path):
            path.unlink(missing_ok=True)


def _identity(recipe: AnyRecipe, data: TrainingSet) -> str:
    hashed = xxh3_128(recipe.model_dump_json().encode())
    if recipe.base:
        base = model_directory(recipe.base)
        check_base(base)
        hashed.update(content_hash(base).encode())
    hashed.update(json.dumps(data.feature_names).encode())
    for array in (data.features, data.windows, data.lengths, data.labels, data.event_times):
        hashed.update(array.data)
    hashed.update(json.dumps(data.texts).encode())
    return hashed.hexdigest()
