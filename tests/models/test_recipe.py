"""Recipes from TOML, and what is said of wrong ones."""

from pathlib import Path

import pytest

from models.errors import RecipeError
from models.recipe import AnyRecipe, FineTuning, Recipe, TextRecipe, load_recipe


def load(tmp_path: Path, text: str) -> AnyRecipe:
    path = tmp_path / "recipe.toml"
    path.write_text(text)
    return load_recipe(path)


def test_an_empty_recipe_has_the_defaults(tmp_path: Path) -> None:
    assert load(tmp_path, "") == Recipe()


def test_settings_are_read(tmp_path: Path) -> None:
    recipe = load(
        tmp_path, 'name = "shop"\n[model]\nlayers = 3\n[training]\nlearning_rate = 1e-3\n[validation]\ndays = 3\n'
    )
    assert isinstance(recipe, Recipe)
    assert (recipe.name, recipe.model.layers, recipe.training.learning_rate, recipe.validation.days) == (
        "shop",
        3,
        1e-3,
        3,
    )


def test_a_text_recipe_is_read(tmp_path: Path) -> None:
    recipe = load(tmp_path, 'scorer = "text"\n[model]\nbase = "hub:bert-base-chinese"\nlanguage = "zh"\n')
    assert isinstance(recipe, TextRecipe)
    assert (recipe.name, recipe.model.language, recipe.training) == ("text", "zh", FineTuning())


def test_the_shipped_recipes_are_valid() -> None:
    shipped = sorted((Path(__file__).parents[2] / "docs" / "examples").glob("*-train.toml"))
    assert shipped
    for path in shipped:
        load_recipe(path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[training]\nepochs = 0", "training.epochs: Input should be greater than or equal to 1, not 0"),
        ("[training]\nepoch = 3", "training.epoch: unknown field"),
        ("[model]\ndropout = 1.0", "model.dropout: Input should be less than 1, not 1.0"),
        ("[model]\nhidden = 65", r"model: hidden \(65\) must be a multiple of heads \(4\)"),
        ("[training]\nweight_decay = inf", "training.weight_decay: Input should be a finite number, not inf"),
        ("[validation]\ndays = 1e301", "validation.days: Input should be less than or equal to 36525"),
        ('scorer = "tree"', "scorer: must be event or text, not 'tree'"),
        ('scorer = "text"', "model: Field required"),
        ('scorer = "text"\n[model]\nbase = "bert"\nlayers = 2', "model.layers: unknown field"),
        ('scorer = "text"\n[model]\nbase = "bert"\nlanguage = "de"', "model.language: Input should be 'en' or 'zh'"),
        ('seed = "x"', "seed: Input should be a valid integer, not 'x'"),
        ("seed =", "cannot be read as TOML"),
    ],
)
def test_a_wrong_setting_is_named(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(RecipeError, match=f"recipe.toml: {said}"):
        load(tmp_path, text)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"missing\.toml: there is no such file"):
        load_recipe(tmp_path / "missing.toml")
