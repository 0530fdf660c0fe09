"""What a condition looks at, gathered for tests: in one place, with everything named."""

from dataclasses import dataclass, field, replace
from math import isnan, nan

from contracts.decisions import PolicyAction, Versions
from contracts.events import AMOUNT_SCALE, Event
from operators.policy import Decision
from operators.policy.compiler import compile_conditions
from operators.policy.life import Life
from operators.policy.lifecycle import Lifecycle
from operators.policy.names import Scope
from operators.policy.parser import parse_condition
from operators.policy.tree import BySegment, Node, Segment

FEATURES = ("user_count_1d", "merchant_fraud_rate_7d")
SCOPE = Scope(
    ("low", "high"), {"blocked": frozenset({"mallory", "trudy"}), "nobody": frozenset()}, ("hold",),
    {"channel": "text", "items": "number", "gift": "truth"},
)  # fmt: skip
SEGMENTS = {
    name: Segment(name, parse_condition(text, SCOPE).tree)
    for name, text in (("c2c", "event.attributes.channel == 'c2c'"), ("new", "!(feature.user_count_1d >= 2)"))
}
CUTOFF = BySegment("cutoff", ((SEGMENTS["c2c"], 0.25), (SEGMENTS["new"], 0.5)), 1.0)
SCOPE = replace(SCOPE, segments=SEGMENTS, by_segment={"cutoff": CUTOFF})
THRESHOLDS = {"hold": 0.75}


@dataclass(frozen=True)
class Moment:
    """One event, and what is known of it."""

    score: float = 0.5
    user_risk: float = 0.25
    level: str = "low"
    late: bool = False
    event: Event = field(default_factory=lambda: Event("e", "payment", 1_700_000_000_000, "alice"))
    features: tuple[float, ...] = (nan, nan)

    @property
    def degraded(self) -> bool:
        return isnan(self.score)

    @property
    def amount(self) -> float:
        return nan if self.event.amount is None else self.event.amount / AMOUNT_SCALE


def holds(tree: Node, moment: Moment) -> bool:
    """Whether the compiled condition holds."""
    m = moment
    matching = compile_conditions([tree], FEATURES, THRESHOLDS)
    return matching(m.score, m.user_risk, m.level, m.late, m.degraded, m.amount, m.event, m.features) == [0]


def holds_text(text: str, moment: Moment) -> bool:
    """The same, of a condition's text."""
    return holds(parse_condition(text, SCOPE).tree, moment)


def taken(decision: Decision) -> list[PolicyAction]:
    """The actions that follow for a user of whom nothing is known."""
    lifecycle = Lifecycle(lambda _: (1, Versions("m", "p", "f")))
    return [] if decision.judgment is None else lifecycle.judge(Life(), decision.judgment)
