"""`sealwax train` from files to a checkpoint."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from dataflows.cli.train import train
from dataflows.errors import UserError
from models.checkpoint import load_checkpoint
from tests.models.flow_inputs import write


def run(files: dict[str, Path], output: Path, *more: str) -> str:
    app = typer.Typer()
    app.command()(train)
    options = [part for name, path in files.items() for part in (f"--{name}", str(path))]
    result = CliRunner().invoke(app, [*options, "--output", str(output), *more], catch_exceptions=False)
    assert result.exit_code == 0
    return result.output


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    return write(tmp_path)


def test_it_leaves_a_checkpoint_that_fits_the_feature_set(files: dict[str, Path], tmp_path: Path) -> None:
    said = run(files, tmp_path / "checkpoint", "--from", "2018-05-02", "--to", "2018-05-20")
    assert load_checkpoint(tmp_path / "checkpoint", ("amount", "user_count_1d"), 4).version.startswith("small#")
    assert re.search(r"epoch 2/2: loss [\d.]+, validation AUC ROC [\d.]+, average precision [\d.]+", said)
    again = run(files, tmp_path / "checkpoint", "--from", "2018-05-02", "--to", "2018-05-20")
    assert again == said


def test_bad_records_are_told_and_left_out(files: dict[str, Path], tmp_path: Path) -> None:
    with files["events"].open("ab") as file:
        file.write(b"\nnot JSON\n")
    said = run(files, tmp_path / "checkpoint")
    assert "the value is not valid JSON" in said
    assert "left out: 1" in said


def _break_recipe(files: dict[str, Path], output: Path) -> None:
    files["recipe"].write_text("[training]\nepochs = 0")


def _break_features(files: dict[str, Path], output: Path) -> None:
    files["features"].write_text("[[features]]")


def _no_labels(files: dict[str, Path], output: Path) -> None:
    files["labels"].write_text("")


def _no_events(files: dict[str, Path], output: Path) -> None:
    files["events"].unlink()


def _occupied(files: dict[str, Path], output: Path) -> None:
    output.mkdir()
    (output / "thesis.txt").touch()


@pytest.mark.parametrize(
    ("mishap", "said"),
    [
        (_break_recipe, r"recipe\.toml: training\.epochs"),
        (_break_features, r"features\.toml: "),
        (_no_labels, "0 of them fraud or abuse"),
        (_no_events, r"events\.jsonl: no such file"),
        (_occupied, "holds something that is no checkpoint"),
    ],
)
def test_a_user_s_mistake_is_named(
    files: dict[str, Path], tmp_path: Path, mishap: Callable[[dict[str, Path], Path], None], said: str
) -> None:
    mishap(files, tmp_path / "checkpoint")
    with pytest.raises(UserError, match=said):
        run(files, tmp_path / "checkpoint")
