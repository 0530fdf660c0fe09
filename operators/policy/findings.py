"""What a policy's writer should look at again: rules that can't decide, or always do."""

from collections.abc import Iterator, Sequence

from contracts.events import EVENT_TYPES
from operators.policy.logic import always_holds, implies, never_holds
from operators.policy.policy import Policy, Rule


def find_doubtful(policy: Policy) -> Iterator[tuple[str, str]]:
    """Rules' ids, and what is doubtful about each."""
    acting = [rule for rule in policy.rules if rule.action not in (None, "release")]
    for rule in policy.rules:
        tree = rule.condition.tree
        if never_holds(tree):
            yield rule.id, "never holds: no event can be so"
            continue
        if always_holds(tree):
            yield rule.id, "always holds: it looks at nothing that differs"
        if rule in acting:
            yield from ((rule.id, text) for text in _shadowed(rule, acting[: acting.index(rule)]))


def _shadowed(rule: Rule, above: Sequence[Rule]) -> Iterator[str]:
    """Says of which event types a rule above always decides instead."""
    shadows: dict[str, str] = {}
    for other in above:
        if implies(rule.condition.tree, other.condition.tree):
            shadows |= {kind: other.id for kind in other.events if kind in rule.events and kind not in shadows}
    for other_id in dict.fromkeys(shadows.values()):
        kinds = [kind for kind in EVENT_TYPES if shadows.get(kind) == other_id]
        where = "" if len(kinds) == len(rule.events) else f" on {' and '.join(kinds)} events"
        yield f'never decides{where}: wherever it holds, so does "{other_id}" above it'
