"""A small policy file, to be changed by tests."""

from collections.abc import Mapping

from operators.policy import Policy, parse_policy

HEAD = """
name = "small"
version = "3"

[levels]
low = 0.0
elevated = 0.3
high = 0.6

[user_risk]
half_life = "1d"
weight = 0.5
floor = 0.2

[fallback]
score = 0.05

[lists]
trusted = ["alice"]
blocked = ["mallory", "trudy"]
"""

RULES = """
[[rules]]
id = "trusted"
when = "event.user_id in lists.trusted && score < 0.95"
action = "allow"
reason = "The user is trusted."

[[rules]]
id = "noted"
when = "event.amount >= 100"
reason = "The amount is large."

[[rules]]
id = "blocked"
when = "event.user_id in lists.blocked"
action = "block"
reason = "The user is blocked."

[[rules]]
id = "likely"
events = ["payment"]
when = "score >= 0.9"
action = "hold_order"
expires = "24h"
reason = "The payment is likely fraud."

[[rules]]
id = "unscored"
when = "degraded && event.amount >= 500"
action = "review"
expires = "90m"
reason = "A large payment came without a score."

[[rules]]
id = "unusual"
when = "score >= 0.5 || user_risk >= 0.6 || level == 'high'"
action = "step_up"
reason = "The payment is unusual."
"""


def parsed(text: str, files: Mapping[str, str] | None = None) -> Policy:
    return parse_policy(text, "small.toml", (files or {}).__getitem__)
