from dataflows.demo.detection import Detected, Detection
from dataflows.simulator.abuse.scenarios import SCENARIOS


def found(detection: Detection, scenario: str) -> Detected:
    return next(one for one in detection.by_scenario() if one.scenario == scenario)


def test_every_scenario_is_listed_though_nothing_happened() -> None:
    detection = Detection()
    assert [one.scenario for one in detection.by_scenario()] == [scenario.name for scenario in SCENARIOS]
    assert found(detection, "brushing") == Detected("brushing", 0, 0, 0, 0, 0, None)


def test_accounts_are_flagged_stopped_and_timed() -> None:
    detection = Detection()
    for user, time in (("a", 0), ("a", 60_000), ("b", 0), ("c", 0)):
        detection.judged("card_testing", user, time)
    detection.acted("card_testing", "a", 60_000, "block")
    detection.acted("card_testing", "b", 0, "step_up")
    assert found(detection, "card_testing") == Detected("card_testing", 3, 2, 1, 4, 2, 30.0)
    assert (detection.cases, detection.stopped) == (3, 1)


def test_order_of_arrival_changes_nothing() -> None:
    seen = [("judged", ("brushing", "a", 5_000)), ("judged", ("brushing", "a", 1_000))]
    acted = [("acted", ("brushing", "a", 5_000, "review"))]
    results = []
    for steps in (seen + acted, acted + seen, acted + seen[::-1]):
        detection = Detection()
        for name, arguments in steps:
            getattr(detection, name)(*arguments)
        results.append(found(detection, "brushing"))
    assert results == [Detected("brushing", 1, 1, 0, 2, 1, 4.0)] * 3


def test_an_allow_flags_nobody() -> None:
    detection = Detection()
    detection.judged("click_fraud", "a", 0)
    detection.acted("click_fraud", "a", 0, "allow")
    assert found(detection, "click_fraud").flagged == 0
