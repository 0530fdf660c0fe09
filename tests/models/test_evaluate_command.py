"""`sealwax evaluate` from a checkpoint and files to a table, a JSON file and a page."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from contracts.events import Label
from dataflows.evaluating import Judged, unknown_users
from dataflows.evaluation_page import evaluation_page
from dataflows.features import load_feature_set
from dataflows.period import Period
from dataflows.training import make_training_set
from models import baseline
from models.evaluation import Budgets
from models.evaluation import evaluate as evaluate_scores
from models.recipe import load_recipe
from models.training import train
from models.training_set import DAY, TrainingSet
from tests.cli.running import Sealwax, runner
from tests.models.flow_inputs import START, stream, write
from tests.report.test_page import Balance

PERIOD = ("--from", "2018-05-16", "--to", "2018-05-20")


@pytest.fixture
def sealwax(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Sealwax:
    return runner(capsys, monkeypatch)


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> tuple[object, ...]:
    """What every evaluation is given: the files, and a checkpoint of the first 15 days."""
    directory = tmp_path_factory.mktemp("evaluate")
    files, checkpoint = write(directory), directory / "checkpoint"
    data = make_training_set(*stream(), load_feature_set(files["features"]), Period.parse(None, "2018-05-16"))
    train(data, load_recipe(files["recipe"]), checkpoint)
    read = (part for name in ("features", "events", "labels") for part in (f"--{name}", files[name]))
    return "--checkpoint", checkpoint, *read


@pytest.fixture
def evaluate(sealwax: Sealwax, given: tuple[object, ...], tmp_path: Path) -> Callable[..., Any]:
    """Evaluates, with more options, into `evaluation`."""
    return lambda *more: sealwax("evaluate", *given, "--output", tmp_path / "evaluation", *more)


def test_it_prints_a_table_and_saves_the_figures_and_a_page(evaluate: Callable[..., Any], tmp_path: Path) -> None:
    ended = evaluate(*PERIOD, "--cards", 2)
    assert ended.status == 0, ended.err
    assert "CP@2" in ended.out
    assert "all events" in ended.out
    assert "…" not in ended.out
    saved = json.loads((tmp_path / "evaluation" / "evaluation.json").read_bytes())
    (name,) = saved["scorers"]
    figures = saved["scorers"][name]
    assert name.startswith("small#")
    assert f"{figures['roc_auc']:.4f}" in ended.out
    assert figures["roc_auc"] > 0.8
    assert figures["false_positive_rate"] <= 0.01
    assert saved["events_learnt_from"] == 0
    assert len(figures["card_precision_by_day"]) == 4
    assert sum(part["events"] for part in figures["reliability"]) == figures["events"]
    html = (tmp_path / "evaluation" / "evaluation.html").read_text()
    balance = Balance()
    balance.feed(html)
    assert not balance.open
    assert balance.seen.count("svg") == 4
    assert name in html


def test_a_scorer_that_learnt_nothing_is_judged_too(evaluate: Callable[..., Any]) -> None:
    ended = evaluate(*PERIOD, "--checkpoint", "fake")
    assert ended.status == 0, ended.err
    assert "learnt from" not in ended.err


def test_a_page_of_scores_that_are_all_alike(data: TrainingSet) -> None:
    told = evaluate_scores("flat", data, np.full(len(data), 0.03), Budgets())
    html = evaluation_page(Judged([told], START, START + DAY, 0, 0), Budgets(), "small#1")
    balance = Balance()
    balance.feed(html)
    assert not balance.open


def test_json_is_what_is_saved(evaluate: Callable[..., Any], tmp_path: Path) -> None:
    ended = evaluate(*PERIOD, "--json")
    assert json.loads(ended.out) == json.loads((tmp_path / "evaluation" / "evaluation.json").read_bytes())


def test_the_baseline_stands_beside_it(evaluate: Callable[..., Any], tmp_path: Path) -> None:
    pytest.importorskip("lightgbm")
    ended = evaluate(*PERIOD, "--baseline")
    assert ended.status == 0, ended.err
    scorers = json.loads((tmp_path / "evaluation" / "evaluation.json").read_bytes())["scorers"]
    ours, trees = scorers.values()
    assert list(scorers)[1] == "LightGBM"
    assert trees["roc_auc"] > 0.9
    assert (ours["events"], ours["positives"]) == (trees["events"], trees["positives"])
    assert ended.out.count("LightGBM") == ended.out.count("small#") == 1 + len(trees["slices"])


def test_events_that_it_learnt_from_are_told(evaluate: Callable[..., Any]) -> None:
    assert "the time that the checkpoint learnt from" in evaluate().err
    assert "the time that the checkpoint learnt from" not in evaluate(*PERIOD).err


def test_known_users_are_left_out(evaluate: Callable[..., Any]) -> None:
    all_of_them = json.loads(evaluate(*PERIOD, "--json").out)
    rest = json.loads(evaluate(*PERIOD, "--json", "--known-since", "2018-05-12").out)
    (before,), (after,) = all_of_them["scorers"].values(), rest["scorers"].values()
    assert all_of_them["events_left_out"] == 0
    assert rest["events_left_out"] > 0
    assert before["events"] - after["events"] == rest["events_left_out"]


def test_a_user_is_known_from_the_day_after(data: TrainingSet) -> None:
    at = data.event_times
    when = int(at[7]) // DAY * DAY
    labels = [
        Label("x", data.user_ids[7], "legitimate", when - 3 * DAY, "test"),
        Label("x", data.user_ids[7], "fraud", when - 2 * DAY, "test"),
        Label("x", data.user_ids[7], "abuse", when + 5, "test"),
    ]
    own = np.array([user == data.user_ids[7] for user in data.user_ids])
    since_before = unknown_users(data, labels, when - 2 * DAY)
    assert since_before.tolist() == (~own | (at < when - DAY)).tolist()
    since_then = unknown_users(data, labels, when)
    assert since_then.tolist() == (~own | (at < when + DAY)).tolist()


def _without_lightgbm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(baseline, "find_spec", lambda name: None)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--from", "2018-05-19T23:59:59Z"), ", 0 of them fraud or abuse"),
        (("--known-since", "soon"), "--known-since: 'soon'"),
        (("--baseline",), "pip install 'sealwax[train]'"),
        (("--features", "dataflows/defaults/shop-features.toml"), "does not fit the feature set"),
        (("--checkpoint", "nowhere"), "nowhere: there is no such checkpoint"),
        (("--output", "pyproject.toml"), "--output pyproject.toml: can't be made"),
    ],
)
def test_a_user_s_mistake_is_told(
    evaluate: Callable[..., Any], options: tuple[str, ...], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _without_lightgbm(monkeypatch)
    ended = evaluate(*PERIOD, *options)
    assert ended.status == 2
    assert said in ended.err
    assert ended.err.startswith("error: ") or "\nerror: " in ended.err
