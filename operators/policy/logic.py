"""What can be told of conditions without an event: that one holds wherever another does, or never, or always.

What is told is so; not all that is so is told.
"""

from collections.abc import Iterator
from itertools import pairwise, permutations
from math import inf
from typing import Final, TypeAlias

from operators.policy.tree import (
    COMPARISONS,
    TEXT_TESTS,
    All,
    AnyOf,
    Comparison,
    Constant,
    Membership,
    Name,
    Node,
    Not,
    Presence,
    Segment,
    TextTest,
)

Value: TypeAlias = float | str | bool

_OPPOSITE: Final = {"==": "!=", "!=": "==", "<": ">=", "<=": ">", ">": "<=", ">=": "<"}
_MIRRORED: Final = {"==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
_SHARES: Final = ("score", "user_risk")
"""Names of numbers from 0 to 1."""
_NEVER_MISSING: Final = ("user_risk",)


def implies(first: Node, second: Node) -> bool:
    """Whether the second condition holds wherever the first does."""
    given, wanted = _plain(first), _plain(second)
    return _never(given) or _always(wanted) or _implies(given, wanted)


def never_holds(condition: Node) -> bool:
    """Whether no event can make a condition hold. A list counts as any list, an empty one too."""
    return _never(_plain(condition))


def always_holds(condition: Node) -> bool:
    """Whether every event makes a condition hold."""
    return _always(_plain(condition))


def opposite(node: Node) -> Node:
    """What holds exactly where `node` is known not to: negations stand at the tests that have no opposite."""
    match node:
        case Constant(value=value, kind="truth"):
            return Constant(not value, "truth")
        case Not(operand=operand):
            return _plain(operand)
        case Segment(condition=condition):
            return opposite(condition)
        case All(operands=operands):
            return AnyOf(tuple(opposite(one) for one in operands))
        case AnyOf(operands=operands):
            return All(tuple(opposite(one) for one in operands))
        case Comparison(operator=operator, left=left, right=right, kind=kind):
            return _plain(Comparison(_OPPOSITE[operator], left, right, kind))
    return Not(node)


def _plain(node: Node) -> Node:
    """The same with negations at the tests, and written values on the right."""
    match node:
        case Not(operand=operand):
            return opposite(operand)
        case Segment(condition=condition):
            return _plain(condition)
        case All(operands=operands):
            return All(tuple(map(_plain, operands)))
        case AnyOf(operands=operands):
            return AnyOf(tuple(map(_plain, operands)))
        case Comparison(operator=operator, left=Constant() as left, right=right, kind=kind):
            return Comparison(_MIRRORED[operator], right, left, kind)
    return node


def _implies(first: Node, second: Node) -> bool:
    if first == second:
        return True
    match first, second:
        case AnyOf(operands=operands), _:
            return all(_never(one) or _implies(one, second) for one in operands)
        case _, All(operands=operands):
            return all(_always(one) or _implies(first, one) for one in operands)
        case All(operands=operands), _:
            return any(_implies(one, second) for one in operands) or (
                isinstance(second, AnyOf) and any(_implies(first, one) for one in second.operands)
            )
        case _, AnyOf(operands=operands):
            return any(_implies(first, one) for one in operands)
    return _test_implies(first, second)


def _test_implies(first: Node, second: Node) -> bool:
    """Of two tests of the same thing: whether all that passes the first passes the second."""
    subject = _subject(first)
    if isinstance(second, Presence):
        return subject == second.name
    if subject is None or subject != _subject(second):
        return False
    if isinstance(first, Membership) and not first.list_name:
        return all(_passes(value, second) for value in first.values)
    if isinstance(first, Comparison) and isinstance(first.right, Constant):
        if first.kind == "number":
            return all(_passes(value, second) for value in _around(first, second) if _passes(value, first))
        return first.operator == "==" and _passes(first.right.value, second)
    return False


def _subject(test: Node) -> Node | None:
    """What a test compares with written values; None where it does something else."""
    match test:
        case Comparison(left=left, right=Constant()):
            return left
        case Membership(subject=subject) | TextTest(subject=subject):
            return subject
        case Not(operand=Membership() | TextTest() as operand):
            return operand.subject
    return None


def _around(*tests: Node) -> Iterator[float]:
    """Numbers of which one lies at, and between, and beyond all that the tests compare with."""
    written = sorted({number for test in tests for number in _numbers(test)})
    yield from written
    yield from (low + (high - low) / 2 for low, high in pairwise(written))
    yield from (-inf, inf)


def _numbers(test: Node) -> Iterator[float]:
    match test:
        case Comparison(right=Constant(value=float() as value)):
            yield value
        case Membership(values=values):
            yield from (value for value in values if isinstance(value, float))
        case Not(operand=operand):
            yield from _numbers(operand)


def _passes(value: Value, test: Node) -> bool:
    match test:
        case Comparison(operator=operator, right=Constant(value=written)):
            return COMPARISONS[operator](value, written)
        case Membership(values=values, list_name=""):
            return value in values
        case TextTest(function=function, argument=argument):
            return TEXT_TESTS[function](str(value), argument)
        case Not(operand=Membership(list_name="") | TextTest() as operand):
            return not _passes(value, operand)
    return False


def _never(node: Node) -> bool:
    match node:
        case Constant(value=value):
            return value is False
        case AnyOf(operands=operands):
            return all(map(_never, operands))
        case All(operands=operands):
            return any(map(_never, operands)) or any(
                (against := opposite(other)) == one or _test_implies(one, against)
                for one, other in permutations(operands, 2)
            )
        case Comparison(left=Name(path=path), right=Constant()) if path in _SHARES:
            return not any(_passes(share, node) for share in _shares(node))
    return False


def _always(node: Node) -> bool:
    match node:
        case Constant(value=value):
            return value is True
        case AnyOf(operands=operands):
            return any(map(_always, operands))
        case All(operands=operands):
            return all(map(_always, operands))
        case Comparison(left=Name(path=path), right=Constant()) if path in _NEVER_MISSING:
            return all(_passes(share, node) for share in _shares(node))
    return False


def _shares(test: Node) -> Iterator[float]:
    yield from (share for share in (0.0, 1.0, *_around(test, _UNIT)) if 0 <= share <= 1)


_UNIT: Final = Membership(Name("score", "number", 0), frozenset((0.0, 1.0)))
