"""Expressions over other features: ratios, logarithms, distances from the usual; compiled to Python.

A text is read by Python's own parser and written anew from the few kinds of node that are allowed, so nothing that a
user has typed is run. Where a value is unknown, divided by zero or no finite number, the whole is unknown (NaN).
"""

import ast
import sys
import warnings
from collections.abc import Callable, Sequence
from math import isfinite, isnan, log, log1p, nan, sqrt
from typing import Any, Final

from operators.unknown_names import instead_of

Complete = Callable[[list[float]], None]
"""Writes the expressions' values to their places in a feature vector."""

_LONGEST: Final = 500
_GREATEST: Final = sys.float_info.max
_TOO_DEEP: Final = "nested too deeply: divide it among several features"
_OPERATORS: Final[dict[type[ast.operator], str]] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*"}


class ExpressionError(ValueError):
    """What is wrong with an expression, and the fix."""


def _defined(function: Callable[[float], float], after: float) -> Callable[[float], float]:
    return lambda value: function(value) if value > after else nan


def _extreme(choose: Callable[[Sequence[float]], float]) -> Callable[..., float]:
    return lambda *values: nan if any(map(isnan, values)) else choose(values)


FUNCTIONS: Final[dict[str, tuple[Callable[..., float], int, int]]] = {
    "log": (_defined(log, 0.0), 1, 1),
    "log1p": (_defined(log1p, -1.0), 1, 1),
    "sqrt": (lambda value: sqrt(value) if value >= 0 else nan, 1, 1),
    "abs": (abs, 1, 1),
    "min": (_extreme(min), 2, 9),
    "max": (_extreme(max), 2, 9),
    "coalesce": (lambda value, other: other if isnan(value) else value, 2, 2),
}
"""What an expression may call, with the least and the greatest number of arguments; `coalesce` gives the second where
the first is unknown."""


def written(text: str, known: Sequence[str], below: Sequence[str] = ()) -> str:
    """The expression as Python over `features`, which lie in the order of `known`; `below` are names declared later.

    Raises ExpressionError, with the column and the fix.
    """
    if len(text) > _LONGEST:
        raise ExpressionError(f"longer than {_LONGEST} characters: divide it among several features")
    try:
        with warnings.catch_warnings(action="ignore"):
            tree = ast.parse(text.strip(), mode="eval")
        python = _Writer(list(known), list(below)).write(tree.body)
        compile(python, "<expression>", "eval")  # which refuses what is nested deeper than it can be
    except (RecursionError, MemoryError):
        raise ExpressionError(_TOO_DEEP) from None
    except (SyntaxError, ValueError) as error:
        if isinstance(error, ExpressionError):
            raise
        raise ExpressionError(_TOO_DEEP if "nested" in str(error) else f"not an expression: {error.args[0]}") from None
    return python


def parts(text: str) -> list[str]:
    """The names in a valid expression, as they stand in it: of features, and of functions."""
    names = [node for node in ast.walk(ast.parse(text.strip(), mode="eval")) if isinstance(node, ast.Name)]
    return [node.id for node in sorted(names, key=lambda node: (node.lineno, node.col_offset))]


def completion(expressions: Sequence[tuple[int, str]]) -> Complete:
    """A function of all expressions, given by place and as Python, in an order in which each finds its values."""
    lines = [f"    features[{place}] = finite({text})\n" for place, text in expressions]
    names: dict[str, Any] = {f"call_{name}": function for name, (function, _, _) in FUNCTIONS.items()}
    names |= {"divide": _divide, "finite": lambda value: value if isfinite(value) else nan}
    exec(compile(f"def complete(features):\n{''.join(lines)}", "<expressions>", "exec"), names)
    complete: Complete = names["complete"]
    return complete


class _Writer:
    def __init__(self, known: list[str], below: list[str]) -> None:
        self._known = known
        self._below = below

    def write(self, node: ast.expr) -> str:
        match node:
            case ast.Constant(value=int() | float() as value) if (
                not isinstance(value, bool) and abs(value) <= _GREATEST
            ):
                return repr(float(value))
            case ast.Name(id=name):
                return f"features[{self._place(name, node)}]"
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return f"(-{self.write(operand)})"
            case ast.BinOp(left=left, op=ast.Div(), right=right):
                return f"divide({self.write(left)}, {self.write(right)})"
            case ast.BinOp(left=left, op=operator, right=right) if type(operator) in _OPERATORS:
                return f"({self.write(left)} {_OPERATORS[type(operator)]} {self.write(right)})"
            case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
                return self._call(name, arguments, node)
        raise _at(node, "only features, numbers, + - * / and calls of " + ", ".join(FUNCTIONS) + " are allowed")

    def _call(self, name: str, arguments: list[ast.expr], node: ast.expr) -> str:
        if name not in FUNCTIONS:
            raise _at(node, f"unknown function {name}; {instead_of(name, FUNCTIONS)}")
        _, least, most = FUNCTIONS[name]
        if not least <= len(arguments) <= most:
            raise _at(node, f"{name} takes {least if least == most else f'{least} to {most}'} values")
        return f"call_{name}({', '.join(map(self.write, arguments))})"

    def _place(self, name: str, node: ast.expr) -> int:
        if name in self._below:
            raise _at(node, f"{name} is declared further down; move it above this feature")
        if name not in self._known:
            raise _at(node, f"unknown feature {name}; {instead_of(name, self._known)}")
        return self._known.index(name)


def _at(node: ast.expr, text: str) -> ExpressionError:
    return ExpressionError(f"column {node.col_offset + 1}: {text}")


def _divide(left: float, right: float) -> float:
    return left / right if right else nan
