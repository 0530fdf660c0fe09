"""Thresholds of least expected cost: against what every threshold would have cost, and where calibration has faded."""

import random
from math import exp, log

import numpy as np
import pytest

from operators.policy.thresholds import Course, Scored
from operators.policy.thresholds.cost import LEAST_POSITIVES, least_cost_threshold, logit_shift
from operators.policy.thresholds.course import GRACE
from tests.thresholds.tables import DAY, HOUR, START, advance, scored, table

COST = {"miss": 90.0, "false_hold": 10.0, "matures": "2d"}


def logistic(value: float) -> float:
    return 1 / (1 + exp(-value))


def drawn(seed: int, count: int, off: float) -> list[tuple[Scored, bool]]:
    """Events of ten days whose logits lie by `off` above those of their probability, and whether each is fraud."""
    dice = random.Random(seed)
    found = []
    for number in range(count):
        logit = dice.gauss(-3, 1.5)
        event = scored(START + number * 10 * DAY // count, logistic(logit + off), str(number))
        found.append((event, dice.random() < logistic(logit)))
    return found


def run(course: Course, events: list[tuple[Scored, bool]], until: int) -> float:
    for event, fraud in events:
        advance(course, event.event_time)
        course.add(event)
        course.learn(event.event_id, fraud)
    advance(course, until)
    return course.state.value


def test_elkan() -> None:
    assert least_cost_threshold(90.0, 10.0) == 0.1
    costs = [0.1 * 90, 0.9 * 10]
    assert costs[0] == pytest.approx(costs[1])  # at the threshold both decisions cost the same


def test_calibrated_scores_need_no_labels() -> None:
    course = Course("hold", table(cost=COST))
    assert run(course, [(scored(START, 0.5), False)], START + HOUR + GRACE) == 0.1


def test_no_other_threshold_would_have_cost_much_less() -> None:
    events = drawn(1, 20_000, 0.0)
    scores = np.array([event.score for event, _ in events])
    frauds = np.array([fraud for _, fraud in events])
    costs = {
        limit: 90.0 * (frauds & (scores < limit)).sum() + 10.0 * (~frauds & (scores >= limit)).sum()
        for limit in np.round(np.arange(0.0, 1.0, 0.005), 3)
    }
    assert costs[0.1] <= 1.02 * min(costs.values())


@pytest.mark.parametrize("off", [-1.0, 0.0, 1.5])
def test_labels_find_how_far_the_scores_are_off(off: float) -> None:
    course = Course("hold", table(cost=COST))
    value = run(course, drawn(2, 20_000, off), START + 12 * DAY + HOUR + GRACE)
    found = log(value / (1 - value)) - log(0.1 / 0.9)
    assert found == pytest.approx(off, abs=0.15)  # some 1,900 frauds: a standard error of 0.03


def test_a_part_of_the_events_will_do() -> None:
    course = Course("hold", table(cost={**COST, "followed": 0.25}))
    value = run(course, drawn(3, 20_000, 1.0), START + 12 * DAY + HOUR + GRACE)
    assert log(value / (1 - value)) - log(0.1 / 0.9) == pytest.approx(1.0, abs=0.2)
    assert 0.23 < sum(sum(day.counts.values()) for day in course.state.costs.days.values()) / 20_000 < 0.27


def test_few_frauds_and_labels_that_may_still_come_prove_nothing() -> None:
    events = [(scored(START + number, 0.5, str(number)), number < LEAST_POSITIVES - 1) for number in range(1_000)]
    assert run(Course("hold", table(cost=COST)), events, START + 3 * DAY + GRACE) == 0.1
    many = [(event, True) for event, _ in events]
    course = Course("hold", table(cost=COST))
    assert run(course, many, START + 2 * DAY + GRACE) == 0.1
    assert run(course, [], START + 2 * DAY + HOUR + GRACE) < 0.1


def test_the_latest_label_counts_and_an_unknown_event_changes_nothing() -> None:
    course = Course("hold", table(cost=COST))
    course.add(scored(START, 0.5, "e"))
    for event_id, fraud in (("e", False), ("e", True), ("nobody", True)):
        course.learn(event_id, fraud)
    assert {key: one.positive for key, one in course.state.costs.followed.items()} == {"e": True}


def test_what_has_left_the_window_is_forgotten() -> None:
    course = Course("hold", table(cost=COST, window="3d"))
    run(course, drawn(4, 1_000, 0.0), START + 10 * DAY + GRACE)
    assert set(course.state.costs.days) == {(START + day * DAY) // DAY for day in (5, 6, 7)}
    assert min(one.time for one in course.state.costs.followed.values()) >= START + 8 * DAY


def test_a_shift_makes_the_probabilities_add_up() -> None:
    counts = {-30: 1_000, -10: 100, 20: 10}
    shift = logit_shift(counts, 60)
    assert sum(count * logistic(place / 10 + shift) for place, count in counts.items()) == pytest.approx(60)
