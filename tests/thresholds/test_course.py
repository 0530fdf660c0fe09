"""How thresholds move: rails, steps, hysteresis, evidence, and by whom."""

from itertools import accumulate, pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.control import ControlChange
from operators.policy.thresholds import Course, CourseState, Scored
from operators.policy.thresholds.course import BY, GRACE
from tests.thresholds.tables import DAY, HOUR, START, scored, table, values_over


def three(score: float) -> list[Scored]:
    return [scored(START + place, score) for place in range(3)]


END = START + 130 * HOUR


def stream_of(steps: list[tuple[int, int]]) -> list[Scored]:
    times = accumulate((gap for gap, _ in steps), initial=START)
    return [scored(time, score / 100, str(at)) for at, (time, (_, score)) in enumerate(zip(times, steps, strict=False))]


streams = st.lists(st.tuples(st.integers(0, 4 * HOUR), st.integers(0, 100)), min_size=1, max_size=30).map(stream_of)
aims = st.sampled_from([{"capacity": "1/h"}, {"cost": {"miss": 9.0, "false_hold": 1.0}}])


@given(streams, st.floats(0, 0.1), st.floats(0.01, 1), st.floats(0, 0.4), st.floats(0.6, 1))
def test_it_stays_within_its_rails_and_steps(
    stream: list[Scored], hysteresis: float, step: float, least: float, most: float
) -> None:
    course = Course("hold", table(capacity="1/h", hysteresis=hysteresis, step=step, min=least, max=most))
    moves = values_over(course, stream, END)
    values = [0.5, *(value for _, value in moves)]
    assert all(least <= value <= most for value in values)
    assert all(0 < abs(after - before) <= step + 2e-6 for before, after in pairwise(values))
    times = [at for at, _ in moves]
    assert times == sorted(set(times))


@given(streams, st.integers(0, 30), aims)
def test_it_goes_on_from_its_state(stream: list[Scored], cut: int, fields: dict[str, object]) -> None:
    whole = Course("hold", table(**fields))
    expected = values_over(whole, stream, END)
    first = Course("hold", table(**fields))
    before = values_over(first, stream[:cut], stream[: cut or 1][-1].event_time)
    saved = msgspec.msgpack.encode(first.state)
    second = Course("hold", table(**fields), state=msgspec.msgpack.decode(saved, type=CourseState))
    assert before + values_over(second, stream[cut:], END) == expected
    assert second.state == whole.state


def test_a_small_move_of_the_quantile_moves_nothing() -> None:
    def hour(number: int, score: float) -> list[Scored]:
        return [scored(START + number * HOUR + 2 * GRACE + place, score, f"{number}-{place}") for place in range(2)]

    course = Course("hold", table(capacity="1/h", hysteresis=0.02, window="1h"))
    scores = [0.7, 0.705, 0.695, 0.7, 0.72, 0.6]
    stream = [one for number, score in enumerate(scores) for one in hour(number, score)]
    moves = values_over(course, stream, START + 6 * HOUR + GRACE)
    assert moves == [
        (START + 1 * HOUR + 2 * GRACE, 0.710001),  # above what it needs by half the hysteresis
        (START + 5 * HOUR + 2 * GRACE, 0.730001),
        (START + 6 * HOUR + GRACE, 0.610001),
    ]


def test_it_waits_for_evidence() -> None:
    stream = [scored(START + number * HOUR + place, 0.9) for number in range(30) for place in range(2)]
    moves = values_over(Course("hold", table(capacity="1/h", evidence="1d")), stream, START + 30 * HOUR)
    assert moves == [(START + DAY + HOUR, 0.900001)]  # the first event after the day and a minute


def test_an_hour_of_which_events_are_under_way_is_not_judged_yet() -> None:
    course = Course("hold", table(capacity="1/h"))
    for place in range(2):
        assert course.advance(START + place) == []
        course.add(scored(START + place, 0.9))
    assert course.advance(START + HOUR + GRACE - 1) == []
    course.add(scored(START + HOUR - 1, 0.95))  # late, but in time
    course.add(scored(START + HOUR - 1, 0.97))
    [move] = course.advance(START + HOUR + GRACE)
    assert move.value == 0.950001


def test_a_move_is_a_record_that_says_who_when_and_why() -> None:
    course = Course("hold", table(capacity="1/h"))
    for one in three(0.9):
        course.advance(one.event_time)
        course.add(one)
    [move] = course.advance(START + HOUR + GRACE)
    assert (move.kind, move.name, move.value, move.by) == ("threshold", "hold", 0.900001, BY)
    assert move.effective_at == START + HOUR + GRACE
    assert move.reason == (
        "from 0.5; at most 1 of each hour's scores from 0.900001 on, in all but 0 of 1 hours with 3 scores (quantile 1)"
    )


def test_it_goes_on_from_where_people_have_moved_it() -> None:
    course = Course("hold", table(capacity="1/h", step=0.1))
    course.accept(ControlChange("c", "threshold", "hold", START, "ann", "Many people today.", value=0.7))
    assert values_over(course, three(0.9), START + HOUR + GRACE) == [(START + HOUR + GRACE, 0.8)]
    course.accept(ControlChange("d", "threshold", "hold", START, "ann", "As before.", value=None))
    assert course.state.value == 0.5


def test_a_move_that_is_not_accepted_by_its_time_is_made_again() -> None:
    course = Course("hold", table(capacity="1/h", step=0.1), 300_000)
    for one in three(0.9):
        course.advance(one.event_time)
        course.add(one)
    [first], [second] = [course.advance(START + hour * HOUR + GRACE) for hour in (1, 2)]
    assert (first.effective_at, first.value) == (START + HOUR + GRACE + 300_000, 0.6)
    assert (second.effective_at, second.value) == (START + 2 * HOUR + GRACE + 300_000, 0.6)
    course.accept(second)
    [third] = course.advance(START + 3 * HOUR + GRACE)
    assert third.value == 0.7


def test_what_is_under_way_counts() -> None:
    course = Course("hold", table(capacity="1/h", step=0.1), 3 * HOUR)
    for one in three(0.9):
        course.advance(one.event_time)
        course.add(one)
    moves = [course.advance(START + hour * HOUR + GRACE)[0] for hour in (1, 2)]
    assert [move.value for move in moves] == [0.6, 0.7]


def test_what_it_only_learns_from_moves_it_at_the_next_look_back() -> None:
    course = Course("hold", table(capacity="1/h"), 300_000)
    for one in three(0.9):
        assert course.advance(one.event_time, moving=False) == []
        course.add(one)
    assert course.advance(START + 5 * HOUR + GRACE, moving=False) == []
    [move] = course.look_again(START + 5 * HOUR + GRACE + 7)
    assert (move.effective_at, move.value) == (START + 5 * HOUR + GRACE + 7 + 300_000, 0.900001)
    assert course.look_again(START + 5 * HOUR + GRACE + 8) == []


def test_other_events_and_a_threshold_without_an_aim_move_nothing() -> None:
    for fields in ({"capacity": "1/h", "events": ["login"]}, {}):
        assert values_over(Course("hold", table(**fields)), three(0.9), START + 3 * HOUR) == []


@pytest.mark.parametrize("score", [1.0, 0.999999])
def test_scores_at_the_very_top_are_beyond_any_threshold(score: float) -> None:
    moves = values_over(Course("hold", table(capacity="1/h")), three(score), START + HOUR + GRACE)
    assert moves == [(START + HOUR + GRACE, 1.0)]
