"""The numeric branch read from a table, against its encoding and its layer."""

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from models.feature_pieces import FeaturePieces
from models.piecewise import PiecewiseLinear

EDGES = st.lists(st.integers(-1_000, 1_000).map(lambda n: n / 8), max_size=6, unique=True).map(sorted)
VALUES = st.one_of(
    st.floats(width=32), st.integers(-1_100, 1_100).map(lambda n: n / 8), st.sampled_from([np.nan, np.inf, -np.inf])
)


@given(st.data(), st.lists(EDGES, min_size=1, max_size=5), st.integers(1, 4))
def test_equal_to_the_layer_over_the_pieces(data: st.DataObject, edges: list[list[float]], batch: int) -> None:
    pieces = FeaturePieces(names=tuple(f"f{i}" for i in range(len(edges))), edges=tuple(map(tuple, edges)))
    torch.manual_seed(1)
    linear = nn.Linear(pieces.width, 3)
    rows = [data.draw(st.lists(VALUES, min_size=len(edges), max_size=len(edges))) for _ in range(batch)]
    features = np.array(rows, np.float32)
    with torch.no_grad(), np.errstate(over="ignore"):
        expected = linear(torch.from_numpy(pieces.encode(features)))
        found = PiecewiseLinear(pieces, linear)(torch.from_numpy(features))
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-5)
