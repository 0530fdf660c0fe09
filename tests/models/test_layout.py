"""Windows of several lengths, with and without their padding."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from models.layout import Layout

LENGTHS = st.lists(st.integers(1, 9), min_size=1, max_size=12)


@given(LENGTHS)
def test_packing_keeps_the_events_alone_in_order_and_padding_puts_them_back(lengths: list[int]) -> None:
    longest = max(lengths)
    layout = Layout.packing(lengths)
    padded = torch.arange(len(lengths) * longest).view(-1, 1)
    packed = layout.pack(padded)
    assert packed.flatten().tolist() == [
        row * longest + place for row, length in enumerate(lengths) for place in range(length)
    ]
    back = layout.pad(packed)
    for row, length in enumerate(lengths):
        assert back[row, :length, 0].tolist() == [row * longest + place for place in range(length)]


@given(LENGTHS)
def test_attention_sees_events_and_no_padding(lengths: list[int]) -> None:
    longest = max(lengths)
    packing = Layout.packing(lengths)
    padding = Layout.padding(torch.tensor(lengths), longest)
    expected = [[0.0 if place < length else -torch.inf for place in range(longest)] for length in lengths]
    assert padding.bias is not None
    assert padding.bias[:, 0, 0].tolist() == expected
    assert (packing.bias is None) == (min(lengths) == longest)
    if packing.bias is not None:
        assert packing.bias[:, 0, 0].tolist() == expected
