"""What can't work is told before anything is made, and a flow that runs is left alone by one that may not start."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from contracts.codec import encode_event, encode_label
from contracts.events import Event, Label
from dataflows.errors import UserError
from dataflows.progress import ProgressBoard
from dataflows.request import DEFAULTS
from dataflows.running import flow_job, run_flow
from dataflows.settings import ScoringSettings, Settings, StateSettings
from dataflows.state_lock import state_lock
from dataflows.watermarks import SharedSlots

CHECKPOINT = DEFAULTS / "shop-checkpoint"
FEATURES = Path(__file__).parents[1] / "flow" / "features.toml"
NO_POLICY = Path(__file__)


def settings_of(state: Path, checkpoint: str = "fake", **others: Any) -> Settings:
    return Settings(state=StateSettings(directory=state), scoring=ScoringSettings(checkpoint=checkpoint), **others)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A directory that holds an event."""
    directory = tmp_path / "source"
    directory.mkdir()
    (directory / "transactions.jsonl").write_bytes(encode_event(Event("e", "payment", 1_000, "u")) + b"\n")
    return directory


def _without_weights(checkpoint: Path) -> None:
    (checkpoint / "model.safetensors").unlink()


def _damaged(checkpoint: Path) -> None:
    (checkpoint / "model.safetensors").write_bytes(b"cut off")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (shutil.rmtree, "checkpoint: there is no such checkpoint; `sealwax train` makes one"),
        (_without_weights, "checkpoint: model.safetensors is missing: copy the whole checkpoint again"),
        (_damaged, "checkpoint: model.safetensors is damaged"),
    ],
)
def test_a_broken_checkpoint_is_told_before_anything_is_made(
    change: Callable[[Path], None], said: str, source: Path, tmp_path: Path
) -> None:
    checkpoint = Path(shutil.copytree(CHECKPOINT, tmp_path / "checkpoint"))
    change(checkpoint)
    _refused(settings_of(tmp_path / "state", str(checkpoint)), source, said)


@pytest.mark.parametrize(
    ("name", "file", "said"),
    [
        ("features", Path("nowhere.toml"), "nowhere.toml"),
        ("features", NO_POLICY, "test_running.py"),
        ("features", FEATURES, r'^\S*shop-policy\.toml: rule "account-takeover": .*unknown feature'),
        ("policy", Path("nowhere.toml"), "nowhere.toml"),
        ("policy", NO_POLICY, "test_running.py"),
    ],
)
def test_a_broken_file_is_told_before_anything_is_made(
    name: str, file: Path, said: str, source: Path, tmp_path: Path
) -> None:
    _refused(settings_of(tmp_path / "state", str(CHECKPOINT), **{name: file}), source, said)


def test_a_checkpoint_for_other_features_is_told_before_anything_is_made(source: Path, tmp_path: Path) -> None:
    settings = settings_of(
        tmp_path / "state", str(CHECKPOINT), features=FEATURES, policy=FEATURES.with_name("policy.toml")
    )
    _refused(settings, source, "shop-checkpoint: does not fit the feature set: it lacks")


def _refused(settings: Settings, source: Path, said: str) -> None:
    output = source.parent / "output"
    with pytest.raises(UserError, match=said):
        run_flow(flow_job(settings, str(source), None, str(output), stop_at_end=True), settings.processes)
    assert not settings.state.directory.exists()
    assert not output.exists()


def test_the_labels_of_a_directory_are_read_where_there_are_any(source: Path, tmp_path: Path) -> None:
    def labels(name: str, source: Path, named: str | None = None) -> object:
        settings = settings_of(tmp_path / name)
        return flow_job(settings, str(source), named, str(tmp_path / "out"), stop_at_end=True).arguments["labels"]

    assert labels("none", source) is None
    (source / "labels.jsonl").write_bytes(encode_label(Label("e", "u", "fraud", 2_000, "test")) + b"\n")
    assert labels("beside", source) == str(source)
    assert labels("a file", source / "transactions.jsonl") is None
    elsewhere = str(shutil.copy(source / "labels.jsonl", tmp_path / "others.jsonl"))
    assert labels("named", source, elsewhere) == elsewhere


def test_a_flow_that_may_not_start_leaves_the_other_s_progress_alone(source: Path, tmp_path: Path) -> None:
    settings = settings_of(tmp_path / "state")
    job = flow_job(settings, str(source), None, str(tmp_path / "out"), stop_at_end=True)
    with state_lock(settings.state.directory):
        board = ProgressBoard(settings.state.directory / "progress")
        SharedSlots.set(board._slots, 0, 17)
        with pytest.raises(UserError, match="the state directory is in use"):
            run_flow(job, settings.processes)
        assert ProgressBoard(settings.state.directory / "progress").totals() == (17, 0, 0)
