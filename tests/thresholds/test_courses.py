"""All thresholds of a policy, fed with what is known."""

from contracts.control import ControlChange
from contracts.events import Label
from operators.policy.thresholds import Courses, Known
from tests.policy.files import HEAD, RULES, parsed
from tests.thresholds.tables import HOUR, START, scored

TEXT = (
    HEAD
    + """
[thresholds.hold]
start = 0.8
evidence = "1h"
capacity = "1/h"

[thresholds.doubt]
start = 0.1
cost = { miss = 90.0, false_hold = 10.0, matures = "1h" }

[thresholds.still]
start = 0.3
"""
    + RULES
)


def pushed(text: str) -> ControlChange:
    return ControlChange("p", "policy", parsed(text).version, START, "ann", "Hold more.", text)


def test_each_goes_its_course() -> None:
    courses = Courses(parsed(TEXT), 0, {})
    known: list[Known] = [scored(START + number * HOUR // 4, 0.5, str(number)) for number in range(40)]
    labels = [Label(str(number), "u", "fraud", START + 10 * HOUR + number, "bank") for number in range(36, 40)]
    found = [change for one in [*known, *labels] for change in courses.take(one)]
    assert {change.name for change in found} == {"hold"}
    assert [one.positive for one in courses.states["doubt"].costs.followed.values()] == 4 * [False] + 4 * [True]
    assert courses.states["still"].value == 0.3
    assert courses.clock == START + 10 * HOUR + 39


def test_a_move_of_anybody_is_where_it_goes_on_from() -> None:
    courses = Courses(parsed(TEXT), 0, {})
    for name in ("still", "unknown"):
        courses.take(ControlChange(name, "threshold", name, START, "ann", "Try it.", value=0.4))
    assert {name: state.value for name, state in courses.states.items()} == {"hold": 0.8, "doubt": 0.1, "still": 0.4}


def test_a_policy_with_other_thresholds_is_noticed() -> None:
    courses = Courses(parsed(TEXT), 0, {})
    other = TEXT.replace("start = 0.8", "start = 0.7")
    courses.take(pushed(TEXT.replace("score >= 0.9", "score >= 0.95")))
    assert courses.other_policy == ""
    courses.take(pushed(other))
    assert courses.other_policy == parsed(other).version
    courses.take(ControlChange("i", "policy", "initial", START, "ann", "Back."))
    assert courses.other_policy == ""
