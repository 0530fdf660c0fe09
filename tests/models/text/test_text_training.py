"""Fine-tuning: it learns, repeats itself, goes on where it was, and learns from the training part alone."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.torch import load_file, save_file

from contracts.scoring import short_fingerprint
from models.choice import open_scorer
from models.errors import CheckpointError, RecipeError, TrainingSetError
from models.fitting import Progress
from models.recipe import FineTuning, TextModel, TextRecipe
from models.text.pretrained import load_model
from models.text.settings import TextSettings
from models.text.training import train_text
from models.training_set import TrainingSet
from tests.models.synthetic import WINDOW_EVENTS, training_set


class _StoppedError(Exception):
    pass


def _with(recipe: TextRecipe, training: dict[str, object] | None = None, **model: object) -> TextRecipe:
    return recipe.model_copy(
        update={
            "model": TextModel.model_validate(recipe.model.model_dump() | model),
            "training": FineTuning.model_validate(recipe.training.model_dump() | (training or {})),
        }
    )


def test_it_learns_what_is_told(text_checkpoint: Path) -> None:
    metrics = json.loads((text_checkpoint / "metrics.json").read_text())
    assert metrics["validation"]["roc_auc"] > 0.75
    assert metrics["validation"]["expected_calibration_error"] < 0.05


def _stop(told: Progress) -> None:
    if told.epoch == 2:
        raise _StoppedError


def test_a_stopped_training_goes_on_to_the_same_checkpoint(
    data: TrainingSet, recipe: TextRecipe, text_checkpoint: Path, tmp_path: Path
) -> None:
    with pytest.raises(_StoppedError):
        train_text(data, recipe, tmp_path, _stop)
    train_text(data, recipe, tmp_path)
    assert {file.name for file in tmp_path.iterdir()} == {file.name for file in text_checkpoint.iterdir()}
    for file in text_checkpoint.iterdir():
        assert file.read_bytes() == (tmp_path / file.name).read_bytes(), file.name


def test_a_stopped_training_does_not_go_on_with_another_base_of_the_same_path(
    recipe: TextRecipe, base: Path, tmp_path: Path
) -> None:
    moved, data = Path(shutil.copytree(base, tmp_path / "base")), training_set(300)
    here = _with(recipe, base=str(moved))
    with pytest.raises(_StoppedError):
        train_text(data, here, tmp_path / "trained", _stop)
    weights = load_file(moved / "model.safetensors")
    first = next(iter(weights))
    save_file(weights | {first: weights[first] + 1}, moved / "model.safetensors", {"format": "pt"})
    with pytest.raises(TrainingSetError, match="is of another recipe, base or data: go on with those"):
        train_text(data, here, tmp_path / "trained")


def test_frozen_layers_stay_as_they_were(recipe: TextRecipe, base: Path, tmp_path: Path) -> None:
    train_text(training_set(300), _with(recipe, {"epochs": 1}, frozen_layers=1), tmp_path)
    before, after = load_file(base / "model.safetensors"), load_file(tmp_path / "model.safetensors")
    changed = {name for name, tensor in before.items() if not (tensor == after[f"bert.{name}"]).all()}
    assert {name.split(".layer.")[-1].split(".")[0] for name in changed} == {"1", "pooler"}


def test_a_base_may_lack_a_pooler_but_nothing_else(recipe: TextRecipe, base: Path, tmp_path: Path) -> None:
    bare = Path(shutil.copytree(base, tmp_path / "bare"))
    weights = {name: one for name, one in load_file(bare / "model.safetensors").items() if "pooler" not in name}
    save_file(weights, bare / "model.safetensors", {"format": "pt"})
    train_text(training_set(300), _with(recipe, {"epochs": 1}, base=str(bare)), tmp_path / "trained")
    name = "encoder.layer.1.output.dense.weight"
    others = {one: tensor for one, tensor in weights.items() if one != name}
    for damaged in (others, others | {name: weights[name][:, :3].clone()}):
        save_file(damaged, bare / "model.safetensors", {"format": "pt"})
        with pytest.raises(
            CheckpointError, match=r"the weights lack bert.encoder.layer.1.output.dense.weight: not a whole"
        ):
            load_model(bare, new_head=True)


def test_a_real_bert_is_fine_tuned(recipe: TextRecipe, minilm: Path, tmp_path: Path) -> None:
    small = _with(recipe, {"epochs": 1, "learning_rate": 1e-4}, base=str(minilm), frozen_layers=5, max_tokens=32)
    data = training_set(120)
    train_text(data, small, tmp_path)
    scorer = open_scorer(str(tmp_path), data.feature_names, WINDOW_EVENTS)
    assert all(0 < score < 1 for score in scorer.score(data.inputs(np.arange(20))))


def test_names_and_levels_are_learnt_from_training_events_only(data: TrainingSet, recipe: TextRecipe) -> None:
    training, validation = data.split(4, 1)
    names = {short_fingerprint(name): name for name in ("FR", "DE", "approved", "declined", "rare")}
    windows = data.windows.copy()
    rows = data.rows(np.arange(len(data)))
    rows["country"][:, -1] = [short_fingerprint(("FR", "DE")[one % 2]) for one in range(len(data))]
    rows["outcome"][training[:4], -1] = short_fingerprint("rare")
    rows["outcome"][validation, -1] = short_fingerprint("declined")
    windows[:] = rows.view(np.uint8).reshape(windows.shape)
    told = TextSettings.fit(replace(data, windows=windows, names=names), training, recipe.model)
    assert (told.names.country, told.names.outcome, told.names.category) == (("DE", "FR"), (), ())
    changed = replace(data, features=data.features.copy())
    changed.features[validation] *= 1_000
    assert TextSettings.fit(changed, training, recipe.model) == TextSettings.fit(data, training, recipe.model)


@pytest.mark.parametrize(
    ("model", "error", "said"),
    [
        ({"max_tokens": 300}, RecipeError, "model.max_tokens: 300 is more than the 256 that"),
        ({"frozen_layers": 3}, RecipeError, "model.frozen_layers: 3 is more than the base's 2"),
        ({"base": "nowhere"}, CheckpointError, "nowhere: there is no such model"),
    ],
)
def test_what_does_not_fit_the_base_is_named(
    data: TrainingSet, recipe: TextRecipe, model: dict[str, object], error: type[Exception], said: str, tmp_path: Path
) -> None:
    with pytest.raises(error, match=said):
        train_text(data, _with(recipe, **model), tmp_path)
