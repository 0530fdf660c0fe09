"""A naive reading of a condition's tree: three-valued, with None for "unknown"; and the tree as text."""

from math import isnan
from operator import add, eq, ge, gt, le, lt, mul, ne, sub
from typing import Any

from operators.policy.tree import (
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
from tests.policy.moments import FEATURES, THRESHOLDS, Moment

COMPARE = {"==": eq, "!=": ne, "<": lt, "<=": le, ">": gt, ">=": ge}
COMPUTE = {"+": add, "-": sub, "*": mul}
TESTS = {"contains": str.__contains__, "startsWith": str.startswith, "endsWith": str.endswith}

ATTRIBUTES = {
    "event.attributes.channel": (str,), "event.attributes.items": (int, float), "event.attributes.gift": (bool,),
}  # fmt: skip

Value = Any
"""A number, a text, a truth value, or None."""


def known(value: Value) -> Value:
    """The value, or None where it stands for a missing one."""
    return None if value == "" or (isinstance(value, float) and isnan(value)) else value


def named(path: str, moment: Moment) -> Value:
    scope, _, last = path.partition(".")
    if path == "event.amount":
        return moment.amount
    if path.startswith("event.attributes."):
        value = (moment.event.attributes or {}).get(path.removeprefix("event.attributes."))
        return value if type(value) in ATTRIBUTES[path] else None
    if scope == "event":
        return str(getattr(moment.event, last))
    if scope == "threshold":
        return THRESHOLDS[last]
    return moment.features[FEATURES.index(last)] if scope == "feature" else getattr(moment, path)


def value_of(node: Node, moment: Moment) -> Value:
    """The value of a node, None where it isn't known."""
    match node:
        case Constant(value=value):
            return value
        case Name(path=path):
            return known(named(path, moment))
        case Presence(name=name):
            return value_of(name, moment) is not None
        case Segment(condition=condition):
            return value_of(condition, moment)
        case BySegment(choices=choices, otherwise=otherwise):
            return next((number for segment, number in choices if value_of(segment, moment)), otherwise)
        case All(operands=operands):
            return joined([value_of(operand, moment) for operand in operands], False)
        case AnyOf(operands=operands):
            return joined([value_of(operand, moment) for operand in operands], True)
        case Comparison(operator=operator, left=left, right=right) | Arithmetic(operator, left, right):
            return of_two(operator, value_of(left, moment), value_of(right, moment))
    return of_one(node, value_of(node.subject if isinstance(node, Membership | TextTest) else node.operand, moment))


def of_one(node: Negative | Not | Membership | TextTest, value: Value) -> Value:
    if value is None:
        return None
    match node:
        case Negative():
            return -value
        case Not():
            return not value
        case Membership(values=values):
            return value in values
        case TextTest(function=function, argument=argument):
            return TESTS[function](value, argument)


def joined(values: list[Value], decisive: bool) -> Value:
    """Kleene's && (decisive False) and || (decisive True)."""
    return decisive if decisive in values else None if None in values else not decisive


def of_two(operator: str, left: Value, right: Value) -> Value:
    if left is None or right is None or (operator == "/" and right == 0):
        return None
    if operator == "/":
        return known(left / right)
    return COMPARE[operator](left, right) if operator in COMPARE else known(COMPUTE[operator](left, right))


def text_of(node: Node) -> str:
    """The condition that reads as this tree."""
    match node:
        case Constant(value=value):
            return quoted(value)
        case Name(path=path):
            return path
        case Presence(name=name):
            return f"has({name.path})"
        case Segment(name=own):
            return f"segment.{own}"
        case BySegment(name=own):
            return f"by_segment.{own}"
        case Membership(subject=subject, values=values):
            return f"{subject.path} in [{', '.join(map(quoted, values))}]"
        case TextTest(function=function, subject=subject, argument=argument):
            return f"{subject.path}.{function}({quoted(argument)})"
        case All(operands=operands) | AnyOf(operands=operands):
            return (" && " if isinstance(node, All) else "||").join(f"({text_of(operand)})" for operand in operands)
        case Comparison(operator=operator, left=left, right=right) | Arithmetic(operator, left, right):
            return f"({text_of(left)}) {operator} ({text_of(right)})"
    return f"{'!' if isinstance(node, Not) else '-'}({text_of(node.operand)})"


def quoted(value: float | str | bool) -> str:
    return f"'{value}'" if isinstance(value, str) else repr(value).lower()
