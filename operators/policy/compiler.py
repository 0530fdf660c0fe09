"""From conditions' trees to one Python function.

The function's text is made of this module's own words, of numbers and quoted texts, and of nothing that the policy's
writer has typed otherwise.
"""

from collections.abc import Callable, Container, Mapping, Sequence
from math import nan
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from contracts.events import Event
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

Matching: TypeAlias = Callable[[float, float, str, bool, bool, float, Event, Sequence[float]], list[int]]
"""(score, user_risk, level, late, degraded, amount, event, features) -> the rising indexes of the conditions that hold.

A missing number is NaN, a missing text empty.
"""

_HEAD = "def matching(score, user_risk, level, late, degraded, amount, event, features):"
_ATTRIBUTE: Final = "event.attributes."
_OPPOSITE = {"==": "!=", "!=": "==", "<": ">=", "<=": ">", ">": "<=", ">=": "<"}
_TESTS = {"contains": "{1!r} in {0}", "startsWith": "{0}.startswith({1!r})", "endsWith": "{0}.endswith({1!r})"}


def compile_conditions(
    trees: Sequence[Node],
    feature_names: Sequence[str],
    thresholds: Mapping[str, float] = MappingProxyType({}),
    lists: Mapping[str, Container[str]] = MappingProxyType({}),
) -> Matching:
    """One function for all the conditions, in their order. Every feature and threshold that they name must be given.

    Where `lists` has a list of a name, it is looked into instead of the values that the policy has written.
    """
    writer = _Writer(feature_names, thresholds, lists)
    lines = [_HEAD, " found = []"]
    for index, tree in enumerate(trees):
        lines += [f" if {writer.where(tree, True)}:", f"  found.append({index})"]
    namespace: dict[str, Any] = writer.bound
    exec(compile("\n".join([*lines, " return found"]), "<policy>", "exec"), namespace)
    matching: Matching = namespace["matching"]
    return matching


class _Writer:
    """Writes trees as Python expressions, and binds the values that they need."""

    def __init__(
        self, feature_names: Sequence[str], thresholds: Mapping[str, float], lists: Mapping[str, Container[str]]
    ) -> None:
        self._lists = lists
        self.bound: dict[str, Any] = {"divide": _divide, **_ATTRIBUTES}
        self._numbers = {"event.amount": "amount"}
        self._numbers |= {f"feature.{name}": f"features[{index}]" for index, name in enumerate(feature_names)}
        self._numbers |= {f"threshold.{name}": repr(value) for name, value in thresholds.items()}

    def where(self, node: Node, truth: bool) -> str:
        """What is true exactly where `node` is known to be `truth`.

        A negation goes down to the comparisons, of which neither side holds where a value is missing: so the whole
        follows three-valued logic (Kleene's, as SQL's WHERE does), with ordinary truth values.
        """
        match node:
            case Constant(value=value):
                return str(value is truth)
            case Name(path=path) if path.startswith(_ATTRIBUTE):
                return f"({self._value(node)} is {truth})"
            case Name(path=path):
                return path if truth else f"(not {path})"
            case Segment(condition=condition):
                return self.where(condition, truth)
            case Not(operand=operand):
                return self.where(operand, not truth)
            case All(operands=operands) | AnyOf(operands=operands):
                word = " and " if isinstance(node, All) is truth else " or "
                return f"({word.join(self.where(operand, truth) for operand in operands)})"
            case Comparison():
                return self._comparison(node, node.operator if truth else _OPPOSITE[node.operator])
            case Presence(name=name):
                return self._presence(name, truth)
        return self._test(node, truth)

    def _comparison(self, node: Comparison, operator: str) -> str:
        left, right = self._value(node.left), self._value(node.right)
        if node.kind == "text":
            return f"({left} == {right} != '')" if operator == "==" else f"('' != {left} != {right} != '')"
        return f"({left} < {right} or {left} > {right})" if operator == "!=" else f"({left} {operator} {right})"

    def _presence(self, name: Name, truth: bool) -> str:
        value = self._value(name)
        if name.kind == "text":
            return f"({value} {'!=' if truth else '=='} '')"
        if name.kind == "truth":
            return f"({value} {'is not' if truth else 'is'} None)"
        return f"({value} {'==' if truth else '!='} {value})"  # NaN is not equal to itself

    def _test(self, node: Node, truth: bool) -> str:
        match node:
            case Membership(subject=subject, values=values, list_name=name):
                test = f"{self._value(subject)} in {self._bind(self._lists.get(name, values))}"
            case TextTest(function=function, subject=subject, argument=argument):
                test = _TESTS[function].format(self._value(subject), argument)
            case _:
                raise TypeError(f"not a truth value: {node}")
        return f"({test})" if truth else f"({self._presence(subject, True)} and not {test})"

    def _value(self, node: Node) -> str:
        match node:
            case Constant(value=value):
                return repr(value)
            case Name(path=path, kind=kind) if path.startswith(_ATTRIBUTE):
                return f"{kind}_attribute(event.attributes, {path.removeprefix(_ATTRIBUTE)!r})"
            case Name(path=path):
                return self._numbers.get(path, path)
            case BySegment(choices=choices, otherwise=otherwise):
                chosen = [f"{number!r} if {self.where(segment, True)} else" for segment, number in choices]
                return f"({' '.join(chosen)} {otherwise!r})"
            case Negative(operand=operand):
                return f"(-{self._value(operand)})"
            case Arithmetic(operator="/", left=left, right=right):
                return f"divide({self._value(left)}, {self._value(right)})"
            case Arithmetic(operator=operator, left=left, right=right):
                return f"({self._value(left)} {operator} {self._value(right)})"
        raise TypeError(f"neither a number nor a text: {node}")

    def _bind(self, value: object) -> str:
        name = f"values_{len(self.bound)}"
        self.bound[name] = value
        return name


_Attributes: TypeAlias = dict[str, str | float | bool] | None


def _text_attribute(attributes: _Attributes, name: str) -> str:
    """What is of another kind is missing, here and below."""
    value = attributes.get(name) if attributes else None
    return value if isinstance(value, str) else ""


def _number_attribute(attributes: _Attributes, name: str) -> float:
    value = attributes.get(name) if attributes else None
    return nan if value is None or isinstance(value, str | bool) else value


def _flag_attribute(attributes: _Attributes, name: str) -> bool | None:
    value = attributes.get(name) if attributes else None
    return value if isinstance(value, bool) else None


_ATTRIBUTES: Final = {
    "text_attribute": _text_attribute, "number_attribute": _number_attribute, "truth_attribute": _flag_attribute,
}  # fmt: skip


def _divide(left: float, right: float) -> float:
    """What is divided by zero is missing."""
    return left / right if right else nan
