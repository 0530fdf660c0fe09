"""Checkpoints: what is written is what is read, and nothing else is ever scored with."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from models.checkpoint import load_checkpoint
from models.errors import CheckpointError
from tests.models.synthetic import NAMES, WINDOW_EVENTS, scoring_inputs, training_set


@pytest.fixture
def copied(checkpoint: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(checkpoint, tmp_path / "copied"))


def test_a_copy_scores_the_same_under_the_same_version(checkpoint: Path, copied: Path) -> None:
    inputs = scoring_inputs(training_set(events=50, seed=2))
    first, second = load_checkpoint(checkpoint), load_checkpoint(copied)
    assert (first.version, first.score(inputs)) == (second.version, second.score(inputs))


def test_it_holds_what_a_reader_needs(checkpoint: Path) -> None:
    assert {file.name for file in checkpoint.iterdir()} == {
        "config.json", "model.safetensors", "encoder.json", "metrics.json", "README.md",
    }  # fmt: skip
    metrics = json.loads((checkpoint / "metrics.json").read_text())
    assert metrics["recipe"]["name"] == "tiny"
    assert metrics["validation"]["positives"] > 0
    card = (checkpoint / "README.md").read_text()
    assert f"{metrics['validation']['roc_auc']:.4f}" in card
    assert all(f"`{name}`" in card for name in NAMES)


def test_it_fits_the_features_and_window_of_its_training(checkpoint: Path) -> None:
    load_checkpoint(checkpoint, NAMES, WINDOW_EVENTS)
    load_checkpoint(checkpoint, NAMES, WINDOW_EVENTS + 1)


@pytest.mark.parametrize(
    ("names", "events", "said"),
    [
        (NAMES[:2], 6, "it lacks merchant_rate_7d"),
        ((*NAMES, "hour"), 6, "the checkpoint does not know hour"),
        (NAMES[::-1], 6, "the order of the features differs"),
        (NAMES, 5, "window_events is 5"),
    ],
)
def test_other_features_are_refused(checkpoint: Path, names: tuple[str, ...], events: int, said: str) -> None:
    with pytest.raises(CheckpointError, match=said):
        load_checkpoint(checkpoint, names, events)


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-40])


def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize("damage", [_cut, _flip, Path.unlink])
@pytest.mark.parametrize("file", ["model.safetensors", "encoder.json"])
def test_a_missing_or_damaged_file_is_named(copied: Path, file: str, damage: Callable[[Path], None]) -> None:
    damage(copied / file)
    with pytest.raises(CheckpointError, match=rf"{file} is (missing|damaged)"):
        load_checkpoint(copied)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda config: config.pop("architectures"), "config.json is damaged"),
        (lambda config: config.update(architectures=["BertModel"]), "not an event scorer"),
        (lambda config: config.update(hidden_size="wide"), "config.json is damaged"),
        (lambda config: config.update(hidden_size=32), "does not fit config.json (size mismatch for bert."),
        (lambda config: config.update(num_hidden_layers=3), "does not fit config.json (Missing key(s) in state_dict: "),
        (lambda config: config.update(num_attention_heads=3), "config.json is damaged (The hidden size"),
        (lambda config: config.update(hidden_act="swoosh"), "config.json is damaged ('swoosh')"),
        (lambda config: config.pop("numeric_width"), "config.json is damaged ('BertConfig' object has no attribute"),
        (lambda config: config.pop("numeric_hidden"), "config.json is damaged ('BertConfig' object has no attribute"),
        (lambda config: config.update(numeric_width=7), "are of different models"),
        (lambda config: config.update(sha256={}), "is damaged"),
    ],
)
def test_a_wrong_configuration_is_refused(
    copied: Path, change: Callable[[dict[str, object]], object], said: str
) -> None:
    path = copied / "config.json"
    config = json.loads(path.read_text())
    change(config)
    path.write_text(json.dumps(config))
    with pytest.raises(CheckpointError, match=re.escape(said)):
        load_checkpoint(copied)


def test_a_missing_checkpoint_is_named(copied: Path, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"nowhere: there is no such checkpoint; `sealwax train` makes one"):
        load_checkpoint(tmp_path / "nowhere")
    (copied / "config.json").write_text("{")
    with pytest.raises(CheckpointError, match=r"config\.json is damaged"):
        load_checkpoint(copied)
    (copied / "config.json").unlink()
    with pytest.raises(CheckpointError, match=r"config\.json is missing"):
        load_checkpoint(copied)
