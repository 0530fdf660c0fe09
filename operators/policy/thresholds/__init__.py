"""Thresholds that adapt: where recent scores, or labels that have matured, would have them; and how they go there."""

from operators.policy.thresholds.course import BY, Course, CourseState
from operators.policy.thresholds.courses import Courses, Known, time_of
from operators.policy.thresholds.scored import Scored

__all__ = ["BY", "Course", "CourseState", "Courses", "Known", "Scored", "time_of"]
