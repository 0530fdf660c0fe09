"""A condition's tree as text, with no more brackets than it needs."""

from typing import Final

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

_EITHER, _BOTH, _RELATION, _SUM, _PRODUCT, _UNARY = range(6)
_ARITHMETIC: Final = {"+": _SUM, "-": _SUM, "*": _PRODUCT, "/": _PRODUCT}


def text_of(node: Node) -> str:
    """The condition that reads as this tree. Written values stand in an order of their own."""
    return _text(node, _EITHER)


def _text(node: Node, binding: int) -> str:
    """The text of a node beside which an operator binds so tightly."""
    text, own = _written(node)
    return f"({text})" if own < binding else text


def _written(node: Node) -> tuple[str, int]:
    """A node's text, and how tightly its own operator binds."""
    match node:
        case AnyOf(operands=operands):
            return " || ".join(_text(one, _BOTH) for one in operands), _EITHER
        case All(operands=operands):
            return " && ".join(_text(one, _RELATION) for one in operands), _BOTH
        case Comparison(operator=operator, left=left, right=right):
            return f"{_text(left, _SUM)} {operator} {_text(right, _SUM)}", _RELATION
        case Membership(subject=subject, values=values, list_name=name):
            written = ", ".join(sorted(map(_constant, values)))
            return f"{subject.path} in {f'lists.{name}' if name else f'[{written}]'}", _RELATION
        case Arithmetic(operator=operator, left=left, right=right):
            own = _ARITHMETIC[operator]
            return f"{_text(left, own)} {operator} {_text(right, own + 1)}", own
        case Negative(operand=operand):
            return f"-{_text(operand, _UNARY)}", _UNARY
        case Not(operand=operand):
            return f"!{_text(operand, _UNARY)}", _UNARY
    return _atom(node), _UNARY + 1


def _atom(node: Node) -> str:
    match node:
        case Constant(value=value):
            return _constant(value)
        case Name(path=path):
            return path
        case Presence(name=name):
            return f"has({name.path})"
        case TextTest(function=function, subject=subject, argument=argument):
            return f"{subject.path}.{function}({_constant(argument)})"
        case Segment(name=name):
            return f"segment.{name}"
        case BySegment(name=name):
            return f"by_segment.{name}"
    raise TypeError(f"no atom: {node}")


def _constant(value: float | str | bool) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f"'{value}'" if '"' in value else f'"{value}"'
    return repr(value).removesuffix(".0")
