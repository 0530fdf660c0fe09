"""Policies: what the scores of a user's events leave behind, and which actions the rules take and end."""

from operators.policy.engine import Decision, PolicyEngine
from operators.policy.errors import PolicyError
from operators.policy.group import Decided, PolicyGroup
from operators.policy.policy import Policy, parse_policy
from operators.policy.risk import UserRisk
from operators.policy.state import UserState
from operators.policy.timeline import Timeline

__all__ = [
    "Decided",
    "Decision",
    "Policy",
    "PolicyEngine",
    "PolicyError",
    "PolicyGroup",
    "Timeline",
    "UserRisk",
    "UserState",
    "parse_policy",
]
