"""Text checkpoints: what is written is what is read, any model of the kind serves, and nothing is run from one."""

import json
import shutil
import socket
from collections.abc import Callable
from pathlib import Path

import huggingface_hub.constants
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import (
    AutoModelForSequenceClassification,
    BertForSequenceClassification,
    RobertaConfig,
    RobertaForSequenceClassification,
)

from models.checkpoint_files import UNFINISHED
from models.choice import check_scorer, open_scorer, scorer_lineage
from models.errors import CheckpointError
from models.text.logits import RiskLogits
from models.text.pretrained import load_model, load_tokenizer, longest_text
from models.text.settings import TextSettings
from tests.models.synthetic import NAMES, WINDOW_EVENTS, scoring_inputs, training_set
from tests.models.text.conftest import small_config, small_tokenizer

Change = Callable[[Path], object]


@pytest.fixture
def copied(text_checkpoint: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(text_checkpoint, tmp_path / "copied"))


def _edit(file: str, **changes: object) -> Change:
    def edit(directory: Path) -> None:
        path = directory / file
        told = json.loads(path.read_text()) if path.exists() else {}
        path.write_text(json.dumps(told | changes))

    return edit


def _drop(file: str) -> Change:
    return lambda directory: (directory / file).unlink()


def _pickled(directory: Path) -> None:
    (directory / "model.safetensors").rename(directory / "pytorch_model.bin")


def _flip(file: str) -> Change:
    def flip(directory: Path) -> None:
        data = bytearray((directory / file).read_bytes())
        data[len(data) // 2] ^= 1
        (directory / file).write_bytes(data)

    return flip


def _headless(directory: Path) -> None:
    weights = load_file(directory / "model.safetensors")
    save_file({name: one for name, one in weights.items() if "classifier" not in name}, directory / "model.safetensors")


def _infinite(directory: Path) -> None:
    weights = load_file(directory / "model.safetensors")
    save_file(weights | {"classifier.bias": torch.tensor([0.0, torch.inf])}, directory / "model.safetensors")


def test_a_copy_scores_the_same_under_the_same_version(text_checkpoint: Path, copied: Path) -> None:
    inputs = scoring_inputs(training_set(events=40, seed=2))
    first, second = (open_scorer(str(path), NAMES, WINDOW_EVENTS) for path in (text_checkpoint, copied))
    assert (first.version, first.score(inputs)) == (second.version, second.score(inputs))
    check_scorer(str(copied), NAMES, WINDOW_EVENTS)


def test_it_holds_what_a_reader_and_transformers_need(text_checkpoint: Path) -> None:
    assert {file.name for file in text_checkpoint.iterdir()} == {
        "config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json", "text.json", "metrics.json",
        "README.md",
    }  # fmt: skip
    metrics = json.loads((text_checkpoint / "metrics.json").read_text())
    assert f"{metrics['validation']['roc_auc']:.4f}" in (text_checkpoint / "README.md").read_text()
    settings = TextSettings.model_validate_json((text_checkpoint / "text.json").read_bytes())
    assert settings.calibration.model_dump() == metrics["calibration"]
    assert AutoModelForSequenceClassification.from_pretrained(text_checkpoint).config.id2label == {0: "fraud"}
    lineage = scorer_lineage(str(text_checkpoint))
    assert lineage is not None
    assert lineage.training.last_event_time < lineage.validation.first_event_time


@pytest.mark.parametrize(
    ("names", "events", "said"),
    [
        (NAMES[:2], WINDOW_EVENTS, "it lacks merchant_rate_7d"),
        (NAMES[::-1], WINDOW_EVENTS, "the order of the features differs"),
        (NAMES, WINDOW_EVENTS - 1, "window_events is 5"),
    ],
)
def test_other_features_are_refused(text_checkpoint: Path, names: tuple[str, ...], events: int, said: str) -> None:
    for use in (check_scorer, open_scorer):
        with pytest.raises(CheckpointError, match=said):
            use(str(text_checkpoint), names, events)


@pytest.mark.parametrize("file", ["model.safetensors", "tokenizer.json", "text.json"])
def test_a_damaged_file_is_named(copied: Path, file: str) -> None:
    _flip(file)(copied)
    with pytest.raises(CheckpointError, match=f"{file} is damaged"):
        check_scorer(str(copied), NAMES, WINDOW_EVENTS)


@pytest.mark.parametrize("file", ["model.safetensors", "tokenizer_config.json", "text.json"])
def test_a_missing_file_is_named(copied: Path, file: str) -> None:
    _drop(file)(copied)
    with pytest.raises(CheckpointError, match=rf"{file} is missing|no weights in safetensors"):
        check_scorer(str(copied), NAMES, WINDOW_EVENTS)


def test_a_plain_model_takes_any_features(plain: Path) -> None:
    check_scorer(str(plain), ("any",), 3)
    scorer = open_scorer(str(plain), ("any",), 3)
    assert (scorer.feature_names, scorer.window_events, scorer_lineage(str(plain))) == ((), 3, None)
    assert scorer.version.startswith("plain#")


@pytest.mark.parametrize("change", [
    _flip("model.safetensors"), _edit("text.json", language="zh"), _edit("config.json", hidden_dropout_prob=0.2),
    _edit("tokenizer_config.json", model_max_length=64),
])  # fmt: skip
def test_a_plain_model_s_version_names_all_that_a_score_depends_on(plain: Path, change: Change) -> None:
    before = open_scorer(str(plain), (), 3).version
    change(plain)
    assert open_scorer(str(plain), (), 3).version != before


@pytest.mark.parametrize(
    ("labels", "wanted", "index"),
    [
        (["LABEL_0", "LABEL_1"], None, 1),
        (["FRAUD", "ok"], None, 0),
        (["ham", "spam"], "spam", 1),
        (["low", "middle", "high"], "high", 2),
        (["ham", "spam"], None, None),
        (["LABEL_0", "LABEL_1", "LABEL_2"], None, None),
        (["fraud", "abuse"], None, None),
        (["ham", "spam"], "fraud", None),
    ],
)
def test_the_label_that_stands_for_fraud(plain: Path, labels: list[str], wanted: str | None, index: int | None) -> None:
    with torch.random.fork_rng():
        torch.manual_seed(3)
        model = BertForSequenceClassification(small_config(id2label=dict(enumerate(labels))))
    model.save_pretrained(plain)
    if wanted:
        _edit("text.json", fraud_label=wanted)(plain)
    if index is None:
        with pytest.raises(
            CheckpointError, match=r"which of the labels .* stands for fraud and abuse\? Name it in text"
        ):
            check_scorer(str(plain), (), 3)
        return
    inputs = scoring_inputs(training_set(events=5, seed=2))
    scorer = open_scorer(str(plain), (), 6)
    ids = [small_tokenizer()(scorer.text(one), return_tensors="pt")["input_ids"] for one in inputs]  # type: ignore[attr-defined]
    with torch.inference_mode():
        expected = [model.eval()(one).logits.softmax(dim=1)[0, index].item() for one in ids]
    assert scorer.score(inputs) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_pickled, "there are no weights in safetensors, the only form that is loaded"),
        (_drop("tokenizer.json"), r"the tokenizer is missing \(tokenizer.json\)"),
        (_edit("tokenizer.json", model={}), "the tokenizer can't be loaded"),
        (_edit("config.json", architectures=["BertModel"]), "a BertModel gives no score: fine-tune it"),
        (_edit("config.json", hidden_size="wide"), "can't be loaded"),
        (_edit("config.json", hidden_size=64), "the model can't be loaded"),
        (_edit("config.json", id2label=["ham", "spam"]), "config.json is damaged .id2label is no object"),
        (_headless, "the weights lack classifier.bias, classifier.weight"),
        (_infinite, "the weights hold numbers that are not finite"),
        (_edit("text.json", langauge="en"), "text.json: langauge: unknown field"),
        (_edit("text.json", language="de"), "text.json: language: Input should be 'en' or 'zh', not 'de'"),
        (lambda directory: shutil.rmtree(directory), "there is no such checkpoint"),
    ],
)
def test_what_cannot_serve_is_refused_with_what_to_do(plain: Path, change: Change, said: str) -> None:
    change(plain)
    with pytest.raises(CheckpointError, match=f"plain: .*{said}"):
        open_scorer(str(plain), (), 3)


def test_the_longest_text_is_one_that_the_model_reads(tmp_path: Path) -> None:
    config = RobertaConfig(
        vocab_size=64, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16,
        max_position_embeddings=34, pad_token_id=1,
    )  # fmt: skip
    RobertaForSequenceClassification(config).save_pretrained(tmp_path)
    model = load_model(tmp_path)
    assert longest_text(model, small_tokenizer()) == 32
    assert RiskLogits(model, 1, 1, torch.device("cpu")).by_length([[9] * 32]).isfinite().all()


def test_code_that_a_model_brings_is_not_run(plain: Path, tmp_path: Path) -> None:
    trap = tmp_path / "run"
    (plain / "modeling_own.py").write_text(f"open({str(trap)!r}, 'w')")
    own = "modeling_own.Own"
    _edit("config.json", model_type="own", auto_map={"AutoConfig": own, "AutoModelForSequenceClassification": own})(
        plain
    )
    with pytest.raises(CheckpointError, match=r"plain: the (tokenizer|model) can't be loaded"):
        open_scorer(str(plain), (), 3)
    assert not trap.exists()


def test_a_directory_is_loaded_without_a_network(
    text_checkpoint: Path, minilm: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a name was looked up")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    open_scorer(str(text_checkpoint), NAMES, WINDOW_EVENTS)
    load_tokenizer(minilm)
    load_model(minilm, new_head=True)


def test_an_unfinished_training_beside_it_is_no_part_of_it(copied: Path) -> None:
    (copied / UNFINISHED).write_bytes(b"of another training")
    open_scorer(str(copied), NAMES, WINDOW_EVENTS)


def test_the_hub_is_asked_only_where_it_is_named(plain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the hub's cache, since a test has no network."""
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(CheckpointError, match="hub:some/model: can't be fetched from the hub"):
        check_scorer("hub:some/model", (), 3)
    with pytest.raises(CheckpointError, match="some/model: there is no such checkpoint"):
        check_scorer("some/model", (), 3)
    cached = tmp_path / "hub" / "models--some--model"
    shutil.copytree(plain, cached / "snapshots" / ("0" * 40))
    (cached / "refs").mkdir()
    (cached / "refs" / "main").write_text("0" * 40)
    here, fetched = open_scorer(str(plain), (), 3), open_scorer("hub:some/model", (), 3)
    inputs = scoring_inputs(training_set(events=5, seed=2))
    assert fetched.score(inputs) == here.score(inputs)
