"""Thresholds that adapt: where recent scores, or labels that have matured, would have them; and how they go there."""

from operators.policy.thresholds.course import Course, CourseState
from operators.policy.thresholds.scored import Scored

__all__ = ["Course", "CourseState", "Scored"]
