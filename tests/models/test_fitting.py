"""A training that is interrupted goes on where it was, to the same checkpoint."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from models.checkpoint_files import UNFINISHED
from models.errors import RecipeError, TrainingSetError
from models.fitting import Progress
from models.training import train
from models.training_set import TrainingSet
from tests.models.synthetic import RECIPE

SHORT = RECIPE.model_copy(update={"training": RECIPE.training.model_copy(update={"epochs": 3})})

KILLED = """
import os, signal, sys
from pathlib import Path
import torch
from models.training import train
from tests.models.synthetic import training_set
from tests.models.test_fitting import SHORT

def kill(told):
    if told.epoch == 3 and told.step == 2:
        os.kill(os.getpid(), signal.SIGKILL)

torch.set_num_threads(1)
train(training_set(), SHORT, Path(sys.argv[1]), kill)
"""


class _StoppedError(Exception):
    pass


def _stop_after(epoch: int):  # type: ignore[no-untyped-def]
    def report(told: Progress) -> None:
        if told.epoch > epoch:
            raise _StoppedError

    return report


@pytest.fixture(scope="module")
def undisturbed(data: TrainingSet, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train(data, SHORT, tmp_path_factory.mktemp("undisturbed") / "checkpoint")


def _same(first: Path, second: Path) -> bool:
    assert {file.name for file in first.iterdir()} == {file.name for file in second.iterdir()}
    return all(file.read_bytes() == (second / file.name).read_bytes() for file in first.iterdir())


def test_a_killed_training_goes_on_to_the_same_checkpoint(data: TrainingSet, undisturbed: Path, tmp_path: Path) -> None:
    killed = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], cwd=Path(__file__).parents[2], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert [file.name for file in tmp_path.iterdir()] == [UNFINISHED]
    told: list[Progress] = []
    train(data, SHORT, tmp_path, told.append)
    assert [one.epoch for one in told if one.earlier] == [1, 2]
    assert {one.epoch for one in told if not one.earlier} == {3}
    assert _same(tmp_path, undisturbed)


def test_one_that_is_stopped_after_every_epoch_too(data: TrainingSet, undisturbed: Path, tmp_path: Path) -> None:
    for epoch in (1, 2):
        with pytest.raises(_StoppedError):
            train(data, SHORT, tmp_path, _stop_after(epoch))
    train(data, SHORT, tmp_path)
    assert _same(tmp_path, undisturbed)


def test_another_recipe_or_other_data_are_not_mixed_in(data: TrainingSet, tmp_path: Path) -> None:
    with pytest.raises(_StoppedError):
        train(data, SHORT, tmp_path, _stop_after(1))
    with pytest.raises(
        TrainingSetError, match=f"{UNFINISHED}: is of another recipe, base or data: go on with those, or"
    ):
        train(data, SHORT.model_copy(update={"seed": 9}), tmp_path)
    half = data.take(data.split(4, 1)[0])
    with pytest.raises(TrainingSetError, match="another recipe, base or data"):
        train(half, SHORT, tmp_path)
    (tmp_path / UNFINISHED).write_bytes(b"torn")
    with pytest.raises(TrainingSetError, match=f"{UNFINISHED}: cannot be read .*, or remove the file to start anew"):
        train(data, SHORT, tmp_path)


def test_weights_that_are_no_longer_finite_are_told(data: TrainingSet, tmp_path: Path) -> None:
    wild = SHORT.training.model_copy(update={"learning_rate": 1.0, "gradient_clip": 1e30, "weight_decay": 1e38})
    said = "training.learning_rate: 1 is too much: by the end of epoch 1 the network gives no finite numbers; lower it"
    with pytest.raises(RecipeError, match=said):
        train(data, SHORT.model_copy(update={"training": wild}), tmp_path)
