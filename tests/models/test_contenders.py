"""What the quality benchmark trains, on a planted signal that the features show a half of."""

import numpy as np
import pytest

from benchmarks.contenders import OURS, WITHOUT, Protocol, both
from benchmarks.quality import Result, report
from contracts.scoring import ROW_SIZE
from models.training_set import TrainingSet
from tests.models.synthetic import RECIPE, training_set

TINY = Protocol("tiny", RECIPE, everything=True)


def test_one_input_is_taken_and_the_other_left(data: TrainingSet) -> None:
    blind, alone = (without(data) for without in WITHOUT.values())
    assert np.isnan(blind.features).all()
    assert np.array_equal(blind.windows, data.windows)
    assert np.array_equal(alone.features, data.features, equal_nan=True)
    assert np.array_equal(alone.scored, data.scored)
    assert not alone.windows[:, :-ROW_SIZE].any()
    assert set(alone.lengths.tolist()) == {1}


def test_trees_see_the_features_alone_and_both_stand_in_the_table(data: TrainingSet) -> None:
    pytest.importorskip("lightgbm")
    told = list(both(TINY, data, training_set(seed=2), seed=1))
    table = report([Result("all", "tiny", one.scorer, "2018-07-04", 1, one.whole) for one in told])
    assert list(table.columns[2].cells)[-2:] == ["LightGBM", OURS]
    trees, ours = (one.whole.roc_auc for one in told)
    assert trees < ours - 0.05
    assert list(table.columns[3].cells)[-2:] == [f"{trees:.4f}", f"{ours:.4f}"]
