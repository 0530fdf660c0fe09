"""The slow, plain reading of a condition: three-valued, None for what is unknown.

The compiler does the same fast, and tests hold the two together; this one serves to explain.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isnan
from operator import add, mul, sub
from typing import Any, Final, TypeAlias

from contracts.events import AMOUNT_SCALE, Event
from operators.policy.tree import (
    COMPARISONS,
    TEXT_TESTS,
    All,
    AnyOf,
    Arithmetic,
    BySegment,
    Comparison,
    Constant,
    Membership,
    Name,
    Negative,
    Node,
    Not,
    Presence,
    Segment,
    TextTest,
)

Value: TypeAlias = float | str | bool | None

_COMPUTE: Final = {"+": add, "-": sub, "*": mul}
_ATTRIBUTE_TYPES: Final[dict[str, tuple[type, ...]]] = {"text": (str,), "number": (int, float), "truth": (bool,)}


@dataclass(frozen=True)
class Moment:
    """One event, and what conditions may know of it. What isn't known is None, NaN or not there."""

    event: Event
    score: float | None
    user_risk: float
    """After this score, as the level."""
    level: str
    late: bool = False
    features: Mapping[str, float] = field(default_factory=dict)
    thresholds: Mapping[str, float] = field(default_factory=dict)

    def value(self, name: Name) -> Value:
        """What a name stands for."""
        table, _, own = name.path.partition(".")
        match table:
            case "feature":
                return _known(self.features.get(own))
            case "threshold":
                return self.thresholds[own]
            case "event":
                return self._of_event(own, name.kind)
            case "degraded":
                return self.score is None
        return _known(getattr(self, name.path))

    def _of_event(self, own: str, kind: str) -> Value:
        if own == "amount":
            return None if self.event.amount is None else self.event.amount / AMOUNT_SCALE
        if own.startswith("attributes."):
            value = (self.event.attributes or {}).get(own.removeprefix("attributes."))
            return value if type(value) in _ATTRIBUTE_TYPES[kind] else None
        return _known(getattr(self.event, own))


def value_of(node: Node, moment: Moment) -> Value:
    """The value of a node."""
    match node:
        case Constant(value=value):
            return value
        case Name():
            return moment.value(node)
        case Presence(name=name):
            return moment.value(name) is not None
        case Segment(condition=condition):
            return value_of(condition, moment)
        case BySegment(choices=choices, otherwise=otherwise):
            return next((number for segment, number in choices if value_of(segment, moment)), otherwise)
        case All(operands=operands):
            return _joined([value_of(operand, moment) for operand in operands], False)
        case AnyOf(operands=operands):
            return _joined([value_of(operand, moment) for operand in operands], True)
        case Comparison(operator=operator, left=left, right=right) | Arithmetic(operator, left, right):
            return _of_two(operator, value_of(left, moment), value_of(right, moment))
        case Membership(subject=operand) | TextTest(subject=operand) | Negative(operand) | Not(operand):
            return _of_one(node, value_of(operand, moment))


def _of_one(node: Negative | Not | Membership | TextTest, value: Any) -> Value:
    if value is None:
        return None
    match node:
        case Negative():
            return -float(value)
        case Not():
            return not value
        case Membership(values=values):
            return value in values
        case TextTest(function=function, argument=argument):
            return TEXT_TESTS[function](value, argument)


def _joined(values: list[Value], decisive: bool) -> Value:
    """Kleene's && (decisive False) and || (decisive True)."""
    return decisive if decisive in values else None if None in values else not decisive


def _of_two(operator: str, left: Any, right: Any) -> Value:
    if left is None or right is None or (operator == "/" and right == 0):
        return None
    if operator == "/":
        return _known(left / right)
    return COMPARISONS[operator](left, right) if operator in COMPARISONS else _known(_COMPUTE[operator](left, right))


def _known(value: Any) -> Value:
    """The value, or None where it stands for a missing one."""
    missing = value is None or value == "" or (isinstance(value, float) and isnan(value))
    return None if missing else value
