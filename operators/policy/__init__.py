"""Policies: what the scores of a user's events leave behind, and which action the rules take."""

from operators.policy.engine import Decision, PolicyEngine
from operators.policy.errors import PolicyError
from operators.policy.policy import Policy, parse_policy
from operators.policy.risk import UserRisk

__all__ = ["Decision", "Policy", "PolicyEngine", "PolicyError", "UserRisk", "parse_policy"]
