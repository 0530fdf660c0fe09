"""A condition as a typed tree. The parser makes only trees whose kinds fit."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from operator import eq, ge, gt, le, lt, ne
from typing import Any, Final, Literal, TypeAlias

Kind: TypeAlias = Literal["number", "text", "truth"]

COMPARISONS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "==": eq, "!=": ne, "<": lt, "<=": le, ">": gt, ">=": ge,
}  # fmt: skip
"""What the operators mean."""

TEXT_TESTS: Final[Mapping[str, Callable[[str, str], bool]]] = {
    "contains": str.__contains__, "startsWith": str.startswith, "endsWith": str.endswith,
}  # fmt: skip
"""The same of what looks into texts."""


@dataclass(frozen=True, slots=True)
class Constant:
    """A number, a text or a truth value written in the condition."""

    value: float | str | bool
    kind: Kind


@dataclass(frozen=True, slots=True)
class Name:
    """What the event, the features or the flow say, by its whole name, such as `event.amount`."""

    path: str
    kind: Kind
    column: int = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Negative:
    """`-operand`, a number."""

    operand: "Node"


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """`left operator right`, numbers; the operator is one of + - * /."""

    operator: str
    left: "Node"
    right: "Node"


@dataclass(frozen=True, slots=True)
class Comparison:
    """`left operator right`: numbers with any of == != < <= > >=, texts with == and !=."""

    operator: str
    left: "Node"
    right: "Node"
    kind: Kind


@dataclass(frozen=True, slots=True)
class Membership:
    """`subject in values`."""

    subject: Name
    values: frozenset[float | str]
    list_name: str = ""
    """Of a named list; empty where the values are written in the condition."""


@dataclass(frozen=True, slots=True)
class TextTest:
    """`subject.function(argument)`; the function is contains, startsWith or endsWith."""

    function: str
    subject: Name
    argument: str


@dataclass(frozen=True, slots=True)
class Presence:
    """`has(name)`."""

    name: Name


@dataclass(frozen=True, slots=True)
class Not:
    """`!operand`, a truth value."""

    operand: "Node"


@dataclass(frozen=True, slots=True)
class All:
    """`a && b && ...`, truth values."""

    operands: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """`a || b || ...`, truth values."""

    operands: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Segment:
    """`segment.name`: whether the segment's own condition holds."""

    name: str
    condition: "Node"


@dataclass(frozen=True, slots=True)
class BySegment:
    """`by_segment.name`, a number: that of the first of the choices whose segment holds, or the other one."""

    name: str
    choices: tuple[tuple[Segment, float], ...]
    otherwise: float


Node: TypeAlias = (
    Constant
    | Name
    | Negative
    | Arithmetic
    | Comparison
    | Membership
    | TextTest
    | Presence
    | Not
    | All
    | AnyOf
    | Segment
    | BySegment
)


def kind_of(node: Node) -> Kind:
    """What a node gives."""
    match node:
        case Constant(kind=kind) | Name(kind=kind):
            return kind
        case Negative() | Arithmetic() | BySegment():
            return "number"
        case _:
            return "truth"


def parts_of(node: Node) -> tuple["Node", ...]:
    """The nodes that a node is made of."""
    match node:
        case Negative(operand=operand) | Not(operand=operand):
            return (operand,)
        case Arithmetic(left=left, right=right) | Comparison(left=left, right=right):
            return left, right
        case Membership(subject=subject) | TextTest(subject=subject):
            return (subject,)
        case Presence(name=name):
            return (name,)
        case All(operands=operands) | AnyOf(operands=operands):
            return operands
        case Segment(condition=condition):
            return (condition,)
        case BySegment(choices=choices):
            return tuple(segment for segment, _ in choices)
    return ()


def names_of(node: Node) -> Iterator[Name]:
    """The names in a tree, from left to right, each as often as it stands there."""
    if isinstance(node, Name):
        yield node
    for part in parts_of(node):
        yield from names_of(part)
