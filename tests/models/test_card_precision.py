"""Card precision against a plain reading of its definition."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.card_precision import card_precision

Row = tuple[int, int, int, bool]
"""Day, card, rank of the score, fraud."""

ROWS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 9), st.booleans()), min_size=1, max_size=60).flatmap(
    lambda drawn: st.permutations(range(len(drawn))).map(
        lambda ranks: [(day, card, rank, fraud) for (day, card, fraud), rank in zip(drawn, ranks, strict=True)]
    )
)
"""Scores differ: which of two cards with one score is looked at is chance."""


def measured(rows: list[Row], most: int) -> list[float]:
    day, card, rank, fraud = (np.array(column) for column in zip(*rows, strict=True))
    return card_precision(fraud.astype(np.uint8), rank / 100, card, day, most).tolist()


def by_definition(rows: list[Row], most: int) -> list[float]:
    found: set[int] = set()
    precision = []
    for day in sorted({row[0] for row in rows}):
        today = [row for row in rows if row[0] == day and row[1] not in found]
        highest = {card: max(row[2] for row in today if row[1] == card) for card in {row[1] for row in today}}
        looked_at = sorted(highest, key=lambda card: -highest[card])[:most]
        hits = {card for card in looked_at if any(row[1] == card and row[3] for row in today)}
        found |= hits
        precision.append(len(hits) / most)
    return precision


@given(ROWS, st.integers(1, 5))
def test_it_follows_its_definition(rows: list[Row], most: int) -> None:
    assert measured(rows, most) == pytest.approx(by_definition(rows, most))


def test_a_found_card_is_not_found_again() -> None:
    rows = [(0, 7, 9, True), (0, 1, 1, False), (1, 7, 9, True), (1, 1, 1, False)]
    assert measured(rows, 1) == [1.0, 0.0]
    assert measured(rows, 2) == [0.5, 0.0]


def test_a_card_has_its_highest_score_and_its_worst_label() -> None:
    assert measured([(0, 3, 1, True), (0, 3, 9, False), (0, 4, 5, True)], 1) == [1.0]
