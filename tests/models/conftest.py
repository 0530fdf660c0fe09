"""One trained checkpoint for all tests."""

from pathlib import Path

import pytest
import torch

from models.training import train
from models.training_set import TrainingSet
from tests.models.synthetic import RECIPE, training_set


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def data() -> TrainingSet:
    return training_set()


@pytest.fixture(scope="session")
def checkpoint(data: TrainingSet, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Trained once; tests that change it copy it."""
    return train(data, RECIPE, tmp_path_factory.mktemp("trained") / "checkpoint")
