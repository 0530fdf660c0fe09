"""What happens again and again is told once, and then counted."""

import logging

import pytest

from dataflows.recurring import RecurringLog


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_the_first_of_a_kind_is_told_in_full_and_the_others_are_counted(caplog: pytest.LogCaptureFixture) -> None:
    clock = Clock()
    log = RecurringLog(logging.getLogger("test"), clock)
    log.warn("model", "a model failed", ValueError("no such shape"))
    log.warn("deadline", "a model took 12 s")
    for clock.now in (1.0, 30.0, 59.9):
        log.warn("model", "a model failed", ValueError("no such shape"))
    assert caplog.messages == ["a model failed", "a model took 12 s"]
    assert [record.exc_info is not None for record in caplog.records] == [True, False]
    clock.now = 60.0
    log.warn("model", "a model failed otherwise")
    log.warn("deadline", "a model took 13 s")
    clock.now = 119.9
    log.warn("model", "a model failed")
    assert caplog.messages[2:] == [
        "a model failed otherwise (4 since this was last told)",
        "a model took 13 s (1 since this was last told)",
    ]
    clock.now = 500.0
    log.warn("model", "a model failed")
    assert caplog.messages[4:] == ["a model failed (2 since this was last told)"]
