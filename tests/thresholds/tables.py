"""Tables of thresholds, as a policy's file would have them; scores of events."""

from collections.abc import Iterable
from typing import Any

from contracts.control import ControlChange
from operators.policy.definition import ThresholdTable
from operators.policy.thresholds import Course, Scored

HOUR = 3_600_000
DAY = 24 * HOUR
START = 1_700_006_400_000
"""Midnight."""


def table(**fields: Any) -> ThresholdTable:
    return ThresholdTable.model_validate({"start": 0.5, "evidence": "1h", "step": 1.0, "hysteresis": 0.0, **fields})


def scored(time: int, score: float, identity: str = "") -> Scored:
    return Scored(identity or f"{time}-{score}", "payment", time, round(score, 6))


def advance(course: Course, time: int) -> list[ControlChange]:
    """The moves up to a time; all are accepted."""
    moves = course.advance(time)
    for move in moves:
        course.accept(move)
    return moves


def values_over(course: Course, stream: Iterable[Scored], until: int) -> list[tuple[int, float]]:
    """From when on (epoch ms) the threshold was moved, and to what, by a stream in the order of event time."""
    moves = []
    for one in stream:
        moves += advance(course, one.event_time)
        course.add(one)
    moves += advance(course, until)
    return [(move.effective_at, move.value or 0.0) for move in moves]
