"""What a GPU is given: sizes, padding and what lies beyond it. Capturing itself needs one."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from models.checkpoint import load_checkpoint
from models.cuda_graphs import BATCHES, Batch, padded_scores, size_for, sizes
from models.event_scorer import EventScorer
from tests.models.synthetic import WINDOW_EVENTS, scoring_inputs, training_set

INPUTS = scoring_inputs(training_set(events=300, seed=9))


@pytest.fixture(scope="module")
def scorer(checkpoint: Path) -> EventScorer:
    return load_checkpoint(checkpoint, device="cpu")


@given(st.integers(1, BATCHES[-1]), st.integers(1, 64), st.integers(1, 64))
def test_a_size_holds_the_batch_and_there_are_few(batch: int, length: int, longest: int) -> None:
    length = min(length, longest)
    rows, places = size_for(batch, length, longest)
    assert batch <= rows <= max(1, 4 * batch)
    assert length <= places <= min(longest, 2 * length)
    assert (rows, places) in sizes(longest)
    assert len(sizes(longest)) <= len(BATCHES) * (longest.bit_length() + 1)


def test_parts_are_the_whole_in_order() -> None:
    batch = Batch(
        torch.arange(10).view(5, 2, 1), torch.zeros(5, 2, 4), torch.zeros(5, 3), torch.ones(5), torch.zeros(5, 0)
    )
    parts = list(batch.parts(2))
    assert [len(part.lengths) for part in parts] == [2, 2, 1]
    assert torch.equal(torch.cat([part.ids for part in parts]), batch.ids)


@torch.inference_mode()
def test_one_size_gives_each_batch_its_scores_whatever_was_there_before(scorer: EventScorer) -> None:
    static = scorer.encoded(INPUTS[:1]).blank(64, WINDOW_EVENTS)
    random = np.random.default_rng(1)
    for count in (50, 64, 1, 7):
        windows = [INPUTS[index] for index in random.integers(0, len(INPUTS), count)]
        static.place(scorer.encoded(windows))
        found = padded_scores(scorer._served, static)[:count]
        assert found.tolist() == pytest.approx(scorer.score(windows), abs=1e-5)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
def test_replayed_on_a_gpu_the_scores_are_the_cpu_s(scorer: EventScorer, checkpoint: Path) -> None:
    graphed = load_checkpoint(checkpoint, device="cuda")
    for windows in (INPUTS, INPUTS[:3], INPUTS[:1], INPUTS[5:90]):
        assert graphed.score(windows) == pytest.approx(scorer.score(windows), abs=1e-5)
