import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataflows.report.axes import Axis, round_step, short, value_axis

POSITIVE = st.floats(1e-6, 1e9)


def test_places_lie_between_the_ends() -> None:
    axis = Axis(10, 20, 100, 300)
    assert [axis.place(value) for value in (10, 15, 20)] == [100, 200, 300]
    assert Axis(0, 1, 200, 0).place(0.25) == 150  # upwards on a screen


def test_a_logarithmic_axis_has_powers_of_ten() -> None:
    axis = Axis(0.5, 1_000, 0, 1, log=True)
    assert axis.ticks() == [1, 10, 100, 1_000]
    assert axis.place(1_000) == 1
    assert axis.place(0) == axis.place(0.5) == 0


@given(POSITIVE)
def test_steps_are_round_and_large_enough(least: float) -> None:
    step = round_step(least)
    digit = float(f"{step:e}".partition("e")[0])
    assert digit in (1, 2, 5)
    assert least * (1 - 1e-6) <= step <= least * 2.6


@given(st.lists(POSITIVE, max_size=5), st.booleans())
def test_an_axis_of_values_holds_them_all(values: list[float], log: bool) -> None:
    axis = value_axis(values, 0, 1, log=log)
    assert all(-1e-9 <= axis.place(value) <= 1 + 1e-9 for value in values)
    assert 2 <= len(axis.ticks()) <= 12


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0"), (0.25, "0.25"), (950, "950"), (1_200, "1.2k"), (3e6, "3M"), (2.5e9, "2.5G")]
)
def test_numbers_are_short(value: float, text: str) -> None:
    assert short(value) == text
