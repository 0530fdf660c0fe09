"""A user's risk fades and rises, and stays what it says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.times import EARLIEST, LATEST
from operators.policy.risk import NEVER, RiskCourse, UserRisk

DAY = 86_400_000
times = st.integers(EARLIEST, LATEST - 1)
gaps = st.integers(0, 60 * DAY)
probabilities = st.floats(0, 1).map(lambda value: round(value, 6))
states = st.builds(UserRisk, probabilities, times)
courses = st.builds(RiskCourse, st.integers(1, 30 * DAY), st.floats(0.01, 1), st.floats(0.01, 1))
COURSE = RiskCourse(half_life=DAY, weight=0.5, floor=0.2)
ROUNDING = 5e-7


def test_halves_with_every_half_life() -> None:
    state = UserRisk(0.8, EARLIEST)
    assert [COURSE.present(state, EARLIEST + days * DAY) for days in (0, 1, 2, 3)] == [0.8, 0.4, 0.2, 0.1]
    assert COURSE.present(None, EARLIEST) == 0.0


def test_scores_add_up_as_pieces_of_evidence() -> None:
    assert COURSE.after(None, EARLIEST, COURSE.floor) == UserRisk(0.1, EARLIEST)
    once = COURSE.after(None, EARLIEST, 0.8)
    assert once == UserRisk(0.4, EARLIEST)
    assert COURSE.after(once, EARLIEST, 0.8) == UserRisk(0.64, EARLIEST)
    assert COURSE.after(once, EARLIEST + DAY, 0.8) == UserRisk(0.52, EARLIEST + DAY)


@pytest.mark.parametrize(
    ("thresholds", "weight", "floor", "review"),
    [
        ((0.0, 0.3, 0.6), 0.6, 0.2, 0.5),
        ((0.0, 0.3), 0.25, 0.2, 0.5),
        ((0.0,), 0.6, 0.2, 0.5),
        ((0.0, 0.1), 1.0, 0.2, 0.2),
    ],
)
def test_the_score_that_alone_lifts_a_user(
    thresholds: tuple[float, ...], weight: float, floor: float, review: float
) -> None:
    assert RiskCourse(DAY, weight, floor, thresholds).review_score == review


@given(st.none() | states, times, st.floats(0, 0.199999))
def test_a_score_under_the_floor_changes_nothing(state: UserRisk | None, time: int, score: float) -> None:
    assert COURSE.after(state, time, score) is state


@given(courses, states, gaps, gaps)
def test_splitting_an_interval_changes_nothing(course: RiskCourse, state: UserRisk, first: int, second: int) -> None:
    between = UserRisk(course.present(state, state.at + first), state.at + first)
    whole = course.present(state, state.at + first + second)
    assert course.present(between, between.at + second) == pytest.approx(whole, abs=3 * ROUNDING)


@given(courses, st.none() | states, times, probabilities)
def test_stays_in_bounds_and_only_rises_with_a_score(
    course: RiskCourse, state: UserRisk | None, time: int, score: float
) -> None:
    after = course.after(state, time, score)
    assert 0.0 <= course.present(state, time) <= 1.0
    assert course.present(after, time) == round(course.present(after, time), 6)
    if after is not None:
        assert 0.0 <= after.risk <= 1.0
        assert after.at >= (state.at if state else 0)
        assert course.present(after, after.at) >= course.present(state, after.at) - ROUNDING


@given(courses, times, gaps, probabilities, probabilities)
def test_a_late_event_adds_what_it_would_have_in_time(
    course: RiskCourse, time: int, gap: int, first: float, second: float
) -> None:
    in_time = course.after(course.after(None, time, first), time + gap, second)
    late = course.after(course.after(None, time + gap, second), time, first)
    assert course.present(late, time + gap) == pytest.approx(course.present(in_time, time + gap), abs=4 * ROUNDING)


def test_a_late_event_does_not_turn_time_back() -> None:
    state = UserRisk(0.4, EARLIEST + DAY)
    assert COURSE.present(state, EARLIEST) == 0.4
    assert COURSE.after(state, EARLIEST, 0.8) == UserRisk(0.52, EARLIEST + DAY)


full_states = st.builds(UserRisk, probabilities, times, probabilities, st.integers(0, 255), times | st.just(NEVER))


@given(full_states)
def test_what_is_encoded_is_decoded(state: UserRisk) -> None:
    assert len(state.encode()) == 33
    assert UserRisk.decode(state.encode()) == state


@pytest.mark.parametrize("data", [b"", b"\x01", UserRisk(0.5, 1).encode()[:-1], UserRisk(0.5, 1).encode() + b"x"])
def test_other_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="no user risk"):
        UserRisk.decode(data)


LEVELS = RiskCourse(half_life=DAY, weight=0.5, floor=0.2, thresholds=(0.0, 0.3, 0.6), hysteresis=0.1, step=0.25)


def settled(risk: float, level: int = 0, told: float = 0.0) -> tuple[UserRisk, bool]:
    return LEVELS.settled(UserRisk(risk, EARLIEST, told, level))


def test_a_level_is_reached_at_its_threshold_and_left_below_it() -> None:
    assert [settled(risk)[0].level for risk in (0.299999, 0.3, 0.599999, 0.6, 1.0)] == [0, 1, 1, 2, 2]
    assert [settled(risk, 1)[0].level for risk in (0.199999, 0.2, 0.599999, 0.6)] == [0, 1, 1, 2]
    assert [settled(risk, 2)[0].level for risk in (0.1, 0.2, 0.499999, 0.5, 0.9)] == [0, 1, 1, 2, 2]
    assert settled(0.25, level=9)[0].level == 1  # of a policy that had more levels


def test_a_change_is_told_by_the_level_or_the_step() -> None:
    assert [settled(risk)[1] for risk in (0.249999, 0.25, 0.3)] == [False, True, True]
    assert [settled(0.5, 1, told)[1] for told in (0.5, 0.250001, 0.25)] == [False, False, True]
    assert settled(0.19, 1, 0.19)[1]
    assert settled(0.5, 1, 0.2)[0].told == 0.5
    assert settled(0.5, 1, 0.4)[0].told == 0.4


fading_courses = st.builds(
    RiskCourse, st.integers(1_000, 30 * DAY), st.just(0.5), st.just(0.2), st.just((0.0, 0.3, 0.6)),
    st.floats(0, 0.29), st.floats(0.01, 1),
)  # fmt: skip


@given(fading_courses, states)
def test_a_level_falls_at_the_first_moment_below_it(course: RiskCourse, state: UserRisk) -> None:
    state, _ = course.settled(state)
    if state.level == 0:
        assert state.falls == NEVER
        return
    falls = state.falls
    assert course.level(state.level, course.present(state, falls)) < state.level
    assert falls == state.at + 1 or course.level(state.level, course.present(state, falls - 1)) == state.level


@given(fading_courses, st.lists(st.tuples(st.integers(0, DAY), probabilities), min_size=1, max_size=12))
def test_who_reads_what_is_told_knows_the_level_and_the_risk_within_a_step(
    course: RiskCourse, scores: list[tuple[int, float]]
) -> None:
    state: UserRisk | None = None
    told = UserRisk(0.0, EARLIEST)
    time = EARLIEST
    for gap, score in scores:
        time += gap
        while state is not None and state.falls <= time:
            state, is_told = course.settled(course.faded(state, state.falls))
            told = state if is_told else told
        moved = course.after(state, time, score)
        if moved is not None and moved is not state:
            state, is_told = course.settled(moved)
            told = state if is_told else told
        assert told.level == (0 if state is None else state.level)
        assert abs(course.present(told, time) - course.present(state, time)) < course.step + 1e-5
