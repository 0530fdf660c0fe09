"""The event scorer that reads the scored event's own text: what it learns, keeps and checks."""

import json
import re
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoModel, AutoTokenizer

from contracts.scoring import ScoringInput
from models.checkpoint import load_checkpoint
from models.choice import check_recipe, check_scorer
from models.cuda_graphs import padded_scores
from models.errors import CheckpointError, RecipeError, TrainingSetError
from models.event_scorer import EventScorer
from models.fitting import Progress
from models.metrics import average_precision
from models.recipe import OwnText, Recipe
from models.text.embedding import KeptEmbeddings, TextEncoder
from models.training import train
from models.training_set import TrainingSet
from tests.models.synthetic import RECIPE, WINDOW_EVENTS, training_set

CPU = torch.device("cpu")
WORDS = ("payment", "refund", "login", "device", "card", "address", "merchant", "high")


def told(events: int, seed: int) -> TrainingSet:
    """Half of the events have a text, and those that say `extreme` are fraud: nothing else tells it."""
    data, random = training_set(events, seed), np.random.default_rng(seed)
    texts = [
        " ".join(random.permutation([*random.choice(WORDS, 3), "extreme" if random.random() < 0.2 else "low"]))
        if random.random() < 0.5
        else ""
        for _ in range(events)
    ]
    return replace(data, texts=tuple(texts), labels=np.array(["extreme" in text for text in texts], np.uint8))


@pytest.fixture(scope="module")
def data() -> TrainingSet:
    return told(1_500, 1)


@pytest.fixture(scope="module")
def recipe(base: Path) -> Recipe:
    return RECIPE.model_copy(update={"text": OwnText(base=str(base), max_tokens=16)})


@pytest.fixture(scope="module")
def checkpoint(data: TrainingSet, recipe: Recipe, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train(data, recipe, tmp_path_factory.mktemp("own-text") / "checkpoint")


@pytest.fixture(scope="module")
def scorer(checkpoint: Path) -> EventScorer:
    return load_checkpoint(checkpoint, device="cpu")


@pytest.fixture
def copied(checkpoint: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(checkpoint, tmp_path / "copied"))


def later_inputs() -> tuple[TrainingSet, list[ScoringInput]]:
    data = told(400, 9)
    return data, data.inputs(np.arange(len(data)))


def test_an_embedding_is_the_mean_over_the_tokens_of_length_one(minilm: Path) -> None:
    encoder = TextEncoder.load(minilm, 128, CPU)
    texts = ["Great sports, well packed. Thanks.", "差评", "Broken on arrival, and nobody answers my mails. Avoid."]
    model, tokenizer = AutoModel.from_pretrained(minilm), AutoTokenizer.from_pretrained(minilm)
    found = encoder([*texts, ""])
    assert found.shape == (4, encoder.width)
    assert not found[3].any()
    for text, embedding in zip(texts, found, strict=False):
        with torch.no_grad():
            mean = model(**tokenizer(text, return_tensors="pt")).last_hidden_state[0].mean(0)
        torch.testing.assert_close(embedding, mean / mean.norm(), atol=1e-5, rtol=0)


def test_of_a_long_text_the_beginning_is_read_and_marks_are_words(base: Path) -> None:
    encoder = TextEncoder.load(base, 8, CPU)
    words = ["payment", "refund", "login", "device", "card", "address", "merchant"]
    torch.testing.assert_close(encoder([" ".join(words)]), encoder([" ".join(words[:6])]))
    assert not torch.allclose(encoder(["card [SEP]"]), encoder(["card"]), atol=1e-3)
    ids = encoder._tokenizer("card [SEP]", split_special_tokens=True)["input_ids"]
    assert ids.count(encoder._tokenizer.sep_token_id) == 1


class Counted(TextEncoder):
    """Notes what it was asked for."""

    asked: list[str]

    def __call__(self, texts: Sequence[str]) -> torch.Tensor:
        self.asked = [*getattr(self, "asked", []), *texts]
        return super().__call__(texts)


def test_kept_embeddings_are_the_encoder_s_and_few(base: Path) -> None:
    encoder = Counted.load(base, 16, CPU)
    kept = KeptEmbeddings(encoder, kept=3)
    texts = ["card", "device", "card", "", "login", "refund", "address"]
    alone = TextEncoder.load(base, 16, CPU)
    for asked in (texts, texts[:2], texts[::-1], ["card"] * 5):
        torch.testing.assert_close(kept(asked), torch.cat([alone([text]) for text in asked]), atol=1e-6, rtol=0)
        assert len(kept) <= 3
    encoder.asked.clear()
    kept = KeptEmbeddings(encoder, kept=3)
    for asked in (["card", "device", "login"], ["login", "card"], ["high"], ["login", "card"], ["device"]):
        kept(asked)
    assert encoder.asked == ["card", "device", "login", "high", "device"]


def test_what_only_texts_tell_is_learnt(minilm: Path, tmp_path: Path) -> None:
    reading = RECIPE.model_copy(update={"text": OwnText(base=str(minilm), max_tokens=16)})
    scorer = load_checkpoint(train(told(1_200, 1), reading, tmp_path), device="cpu")
    data, inputs = later_inputs()
    assert scorer.reads_text
    assert average_precision(data.labels, np.array(scorer.score(inputs))) > 0.9
    silent = [one._replace(text="") for one in inputs]
    assert average_precision(data.labels, np.array(scorer.score(silent))) < 0.4


def test_the_same_alone_and_in_any_batch(scorer: EventScorer) -> None:
    _, inputs = later_inputs()
    alone = [scorer.score([one])[0] for one in inputs[:60]]
    scorer._texts = KeptEmbeddings(scorer._texts._encoder)  # type: ignore[union-attr]
    assert scorer.score(inputs)[:60] == pytest.approx(alone, abs=1e-5)
    assert scorer.score(inputs[59::-1])[::-1] == pytest.approx(alone, abs=1e-5)


@torch.inference_mode()
def test_a_gpu_is_given_the_texts_too(scorer: EventScorer) -> None:
    _, inputs = later_inputs()
    static = scorer.encoded(inputs[:1]).blank(64, WINDOW_EVENTS)
    silent = [one._replace(text="") for one in inputs[:3]]
    for batch in (inputs[:50], inputs[50:51], silent, inputs[:7]):
        static.place(scorer.encoded(batch))
        assert padded_scores(scorer._served, static)[: len(batch)].tolist() == pytest.approx(
            scorer.score(batch), abs=1e-5
        )


def test_the_checkpoint_holds_the_base_as_it_was(checkpoint: Path, base: Path, scorer: EventScorer) -> None:
    assert {path.name for path in (checkpoint / "text").iterdir()} >= {
        "config.json", "model.safetensors", "tokenizer.json"
    }  # fmt: skip
    hashes = json.loads((checkpoint / "config.json").read_text())["sha256"]
    assert {f"text/{path.name}" for path in (checkpoint / "text").iterdir()} < set(hashes)
    before, after = (AutoModel.from_pretrained(path).state_dict() for path in (base, checkpoint / "text"))
    assert all(torch.equal(before[name], after[name]) for name in before if not name.startswith("pooler."))
    assert f"the frozen {base.name}'s embedding of the event's own text" in (checkpoint / "README.md").read_text()
    assert scorer._encoder.text is not None
    assert scorer._encoder.text.max_tokens == 16


def test_a_copy_scores_the_same_and_another_base_is_another_version(copied: Path, scorer: EventScorer) -> None:
    _, inputs = later_inputs()
    again = load_checkpoint(copied, device="cpu")
    assert (again.version, again.score(inputs)) == (scorer.version, scorer.score(inputs))


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-40])


@pytest.mark.parametrize("damage", [_cut, Path.unlink])
@pytest.mark.parametrize("file", ["model.safetensors", "tokenizer.json", "config.json"])
def test_a_missing_or_damaged_part_is_named(copied: Path, file: str, damage: Callable[[Path], None]) -> None:
    damage(copied / "text" / file)
    for check in (load_checkpoint, lambda path: check_scorer(str(path), RECIPE_NAMES, WINDOW_EVENTS)):
        with pytest.raises(CheckpointError, match=rf"text/{file} is (missing|damaged)"):
            check(copied)


RECIPE_NAMES = training_set(1).feature_names


@pytest.mark.parametrize(
    ("file", "change", "said"),
    [
        ("config.json", lambda told: told.update(text_width=16), "config.json and encoder.json are of different"),
        ("config.json", lambda told: told.pop("text_width"), "config.json and encoder.json are of different models"),
        (
            "config.json",
            lambda told: told.update(sha256={k: v for k, v in told["sha256"].items() if "/" not in k}),
            "config.json is damaged ('the SHA-256 of text/model.safetensors')",
        ),
    ],
)
def test_parts_of_different_models_are_refused(
    copied: Path, file: str, change: Callable[[dict[str, object]], object], said: str
) -> None:
    content = json.loads((copied / file).read_text())
    change(content)
    (copied / file).write_text(json.dumps(content))
    with pytest.raises(CheckpointError, match=re.escape(said)):
        load_checkpoint(copied)


def test_a_training_that_goes_on_gives_the_same_checkpoint(
    data: TrainingSet, recipe: Recipe, checkpoint: Path, tmp_path: Path
) -> None:
    def interrupt(progress: Progress) -> None:
        if progress.epoch == 2 and progress.average_precision is not None:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(data, recipe, tmp_path / "resumed", interrupt)
    again = train(data, recipe, tmp_path / "resumed")
    files = ("model.safetensors", "config.json", "encoder.json")
    assert all((again / file).read_bytes() == (checkpoint / file).read_bytes() for file in files)


def test_a_checkpoint_without_texts_has_no_part_of_it(data: TrainingSet, copied: Path) -> None:
    short = RECIPE.model_copy(update={"training": RECIPE.training.model_copy(update={"epochs": 1})})
    plain = train(data, short, copied)
    assert not (plain / "text").exists()
    scorer = load_checkpoint(plain, device="cpu")
    assert not scorer.reads_text
    _, inputs = later_inputs()
    assert scorer.score(inputs) == scorer.score([one._replace(text="") for one in inputs])
    assert scorer.encoded(inputs).texts.shape == (len(inputs), 0)


def test_what_a_recipe_asks_for_must_be_there(data: TrainingSet, base: Path, tmp_path: Path) -> None:
    def reading(name: str, tokens: int) -> Recipe:
        return RECIPE.model_copy(update={"text": OwnText(base=name, max_tokens=tokens)})

    missing = reading(str(tmp_path / "nowhere"), 16)
    for refuse in (check_recipe, lambda recipe: train(data, recipe, tmp_path / "out")):
        with pytest.raises(CheckpointError, match="there is no such model"):
            refuse(missing)
    check_recipe(reading(str(base), 16))
    with pytest.raises(RecipeError, match=r"text\.max_tokens: 512 is more than the 256 that"):
        train(data, reading(str(base), 512), tmp_path / "out")
    with pytest.raises(TrainingSetError, match=r"no event has a text to learn from: take \[text\] out of the recipe"):
        train(replace(data, texts=("",) * len(data)), reading(str(base), 16), tmp_path / "out")
