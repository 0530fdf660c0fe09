"""Micro-batches: every input once, equal lengths together, within the budget."""

from hypothesis import given
from hypothesis import strategies as st

from operators.microbatch import micro_batches


@given(st.lists(st.integers(0, 20), max_size=60), st.integers(0, 100))
def test_every_index_once_equal_lengths_and_the_budget_kept(lengths: list[int], budget: int) -> None:
    batches = list(micro_batches(lengths, budget))
    assert sorted(index for batch in batches for index in batch) == list(range(len(lengths)))
    for batch in batches:
        assert batch == sorted(batch)
        assert len({lengths[index] for index in batch}) == 1
        assert len(batch) == 1 or sum(lengths[index] for index in batch) <= budget


@given(st.integers(1, 16), st.integers(1, 100), st.integers(16, 64))
def test_batches_are_as_large_as_the_budget_lets_them(length: int, count: int, budget: int) -> None:
    sizes = [len(batch) for batch in micro_batches([length] * count, budget)]
    assert all(size == budget // length for size in sizes[:-1])
