"""Micro-batches: every input once, similar lengths together, within the budget."""

from hypothesis import given
from hypothesis import strategies as st

from operators.microbatch import micro_batches

LENGTHS = st.lists(st.integers(0, 20), max_size=60)


@given(LENGTHS, st.integers(0, 100))
def test_every_index_once_and_the_budget_kept(lengths: list[int], budget: int) -> None:
    batches = list(micro_batches(lengths, budget))
    assert sorted(index for batch in batches for index in batch) == list(range(len(lengths)))
    for batch in batches:
        assert len(batch) == 1 or len(batch) * max(lengths[index] for index in batch) <= budget


@given(LENGTHS, st.integers(0, 100))
def test_longest_first_and_equal_lengths_in_order(lengths: list[int], budget: int) -> None:
    order = [index for batch in micro_batches(lengths, budget) for index in batch]
    assert order == sorted(order, key=lambda index: (-lengths[index], index))


@given(LENGTHS, st.integers(20, 100))
def test_no_group_could_have_taken_the_next_item(lengths: list[int], budget: int) -> None:
    batches = list(micro_batches(lengths, budget))
    for batch in batches[:-1]:
        assert (len(batch) + 1) * max(lengths[index] for index in batch) > budget


def test_few_events_of_many_lengths_are_one_batch() -> None:
    assert list(micro_batches([3, 16, 1, 16], 2_048)) == [[1, 3, 0, 2]]
