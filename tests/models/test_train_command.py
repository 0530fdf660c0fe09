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
from models.checkpoint_files import UNFINISHED
from models.fitting import Fit, Progress, Report
from tests.models.flow_inputs import write


def run(files: dict[str, Path], output: Path, *more: str, code: int = 0) -> str:
    app = typer.Typer()
    app.command()(train)
    options = [part for name, path in files.items() for part in (f"--{name}", str(path))]
    result = CliRunner().invoke(app, [*options, "--output", str(output), *more], catch_exceptions=False)
    assert result.exit_code == code
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


def test_an_interrupted_training_goes_on(
    files: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(Fit, "_epoch", _interrupted_in_the_second(Fit._epoch))
        stopped = run(files, tmp_path / "checkpoint", code=130)
    assert "stopped: the same command goes on after the last whole epoch" in stopped
    assert [path.name for path in (tmp_path / "checkpoint").iterdir()] == [UNFINISHED]
    said = run(files, tmp_path / "checkpoint")
    assert "epoch 1/2, before the interruption: loss" in said
    assert "epoch 2/2: loss" in said
    assert not (tmp_path / "checkpoint" / UNFINISHED).exists()


def _interrupted_in_the_second(epoch: Callable[[Fit, Report], float]) -> Callable[[Fit, Report], float]:
    def interrupted(fit: Fit, report: Report) -> float:
        def after_a_step(told: Progress) -> None:
            if told.epoch == 2:
                raise KeyboardInterrupt
            report(told)

        return epoch(fit, after_a_step)

    return interrupted


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
