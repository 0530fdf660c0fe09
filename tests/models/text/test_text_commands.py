"""`sealwax train` and `evaluate` with a text scorer, from files to figures."""

import json
from pathlib import Path

import pytest

from tests.cli.running import Sealwax, runner
from tests.models.flow_inputs import write

RECIPE = """
scorer = "text"
name = "small-text"
[model]
base = "{base}"
max_tokens = 48
[training]
epochs = 1
learning_rate = 3e-3
negative_rate = 0.2
[validation]
days = 4
label_delay_days = 1
"""


@pytest.fixture
def sealwax(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Sealwax:
    return runner(capsys, monkeypatch)


@pytest.fixture
def files(tmp_path: Path, base: Path) -> dict[str, Path]:
    made = write(tmp_path)
    made["recipe"].write_text(RECIPE.format(base=base))
    return made


def _options(files: dict[str, Path], *names: str) -> list[str]:
    return [part for name in names for part in (f"--{name}", str(files[name]))]


def test_from_files_to_figures(sealwax: Sealwax, files: dict[str, Path], tmp_path: Path) -> None:
    checkpoint, output = tmp_path / "checkpoint", tmp_path / "evaluation"
    trained = sealwax("train", *_options(files, *files), "--to", "2018-05-16", "--output", checkpoint)
    assert trained.status == 0, trained.err
    assert "epoch 1/1: loss" in trained.err
    given = [*_options(files, "features", "events", "labels"), "--from", "2018-05-16", "--to", "2018-05-18"]
    judged = sealwax("evaluate", "--checkpoint", checkpoint, *given, "--output", output)
    assert judged.status == 0, judged.err
    saved = json.loads((output / "evaluation.json").read_bytes())
    (name,) = saved["scorers"]
    assert name.startswith("small-text#")
    assert saved["events_learnt_from"] == 0


def test_a_model_that_sealwax_has_not_trained_can_be_judged(
    sealwax: Sealwax, files: dict[str, Path], plain: Path, tmp_path: Path
) -> None:
    given = ["--checkpoint", plain, *_options(files, "features", "events", "labels"), "--from", "2018-05-19"]
    judged = sealwax("evaluate", *given, "--output", tmp_path / "evaluation")
    assert judged.status == 0, judged.err
    refused = sealwax("evaluate", *given, "--baseline")
    assert refused.status == 2
    assert "--baseline learns from what the checkpoint learnt from, and this one doesn't tell it" in refused.err


def test_a_base_that_is_missing_is_named(sealwax: Sealwax, files: dict[str, Path], tmp_path: Path) -> None:
    files["recipe"].write_text(RECIPE.format(base="nowhere"))
    refused = sealwax("train", *_options(files, *files), "--output", tmp_path / "checkpoint")
    assert refused.status == 2
    assert "nowhere: there is no such model: name its directory, or hub: and its name there" in refused.err
