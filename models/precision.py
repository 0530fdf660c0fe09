"""How exactly a scorer computes, and how a trainer does."""

from typing import Final

import torch

from contracts.scoring import Precision

DTYPES: Final[dict[Precision, torch.dtype]] = {"float32": torch.float32, "bfloat16": torch.bfloat16}


def versioned(version: str, precision: Precision) -> str:
    """A model's version, which tells another precision than training's own: the scores differ."""
    return version if precision == "float32" else f"{version}+{precision}"


def mixed(device: torch.device, training: bool) -> torch.autocast:
    """A context in which a GPU trains with bfloat16 products; elsewhere it changes nothing."""
    return torch.autocast(device.type, torch.bfloat16, enabled=training and device.type == "cuda")
