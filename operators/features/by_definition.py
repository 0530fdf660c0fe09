"""Aggregates by their definition, from a list of events: slow, short, and without the engine's rings and columns.

What the engine computed can be held against it. Each gives the value, and in words how it comes from the events.
"""

import ast
import operator
from collections.abc import Callable, Mapping, Sequence
from math import isfinite, nan
from statistics import fmean, pstdev
from typing import Final, NamedTuple, TypeAlias

from contracts.events import AMOUNT_SCALE, Event, Label
from contracts.keys import fingerprint
from contracts.times import format_time
from operators.features.calendar import EVENT_VALUES
from operators.features.definition import Feature
from operators.features.expression import FUNCTIONS
from operators.features.sketch import sketch_of


class Listed(NamedTuple):
    """An event in the window of a feature."""

    event: Event
    matches: bool
    """It is one of those that the feature's `where` asks for."""
    late: bool
    """It came so late that a read which should have seen it may have been before."""
    known: Label | None
    """The label that counted."""
    labels: tuple[Label, ...]
    """Every one, those too that became known after the read."""


Reckoned: TypeAlias = tuple[float, str]
_Matching: TypeAlias = list[Listed]
_SHOWN: Final = 4
"""So many terms are written out."""


def reckon(feature: Feature, listed: Sequence[Listed], event: Event, estimated: bool = False) -> Reckoned:
    """The feature's value for `event`, whose window holds what is listed, oldest first; NaN where it is unknown.

    `estimated`: different values are counted by a sketch.
    """
    if estimated and feature.aggregate == "distinct":
        return _estimated_distinct(feature, listed)
    return RECKONERS[feature.aggregate](feature, list(listed), event)


def _value(feature: Feature, _: _Matching, event: Event) -> Reckoned:
    return EVENT_VALUES[feature.field or ""](event), f"{feature.field} of the event"


def _count(_: Feature, listed: _Matching, __: Event) -> Reckoned:
    count = len(_matching(listed))
    return float(count), numbered(count, "event")


def _sum(_: Feature, listed: _Matching, __: Event) -> Reckoned:
    amounts = _amounts(listed)
    terms = [str(amount / AMOUNT_SCALE) for amount in amounts[:_SHOWN]] + ["..."] * (len(amounts) > _SHOWN)
    return sum(amounts) / AMOUNT_SCALE, " + ".join(terms) or "no amounts"


def _of_amounts(summary: Callable[[list[int]], float], words: str) -> "_Reckoner":
    def reckon(_: Feature, listed: _Matching, __: Event) -> Reckoned:
        amounts = _amounts(listed)
        if not amounts:
            return nan, "no amounts"
        told = words.format(
            amounts=numbered(len(amounts), "amount"), count=len(amounts), total=sum(amounts) / AMOUNT_SCALE
        )
        return summary(amounts) / AMOUNT_SCALE, told

    return reckon


def _distinct(feature: Feature, listed: _Matching, _: Event) -> Reckoned:
    values = sorted({_field(feature, one.event) for one in _matching(listed)} - {""})
    return float(len(values)), ", ".join(values[:_SHOWN] + ["..."] * (len(values) > _SHOWN)) or "none"


def _estimated_distinct(feature: Feature, listed: Sequence[Listed]) -> Reckoned:
    values = {_field(feature, one.event) for one in listed if one.matches} - {""}
    return sketch_of(map(fingerprint, values)).estimate(), f"estimated by a sketch; in fact {len(values):,}"


def _same(feature: Feature, listed: _Matching, event: Event) -> Reckoned:
    wanted = _field(feature, event) if matches(feature, event) else ""
    count = sum(_field(feature, one.event) == wanted for one in _matching(listed)) if wanted else 0
    return float(
        count
    ), f"{numbered(count, 'event')} with {feature.field} {wanted}" if wanted else "the event has none to compare"


def _share(_: Feature, listed: _Matching, __: Event) -> Reckoned:
    return _quotient(len(_matching(listed)), len(listed))


def _rate(feature: Feature, listed: _Matching, _: Event) -> Reckoned:
    matching = _matching(listed)
    marked = [one for one in matching if one.known and one.known.label == feature.label]
    return _quotient(len(marked), len(matching))


def _since(listed: _Matching, event: Event, unknown: float) -> Reckoned:
    if not listed:
        return unknown, "no event"
    return (event.event_time - listed[0].event.event_time) / 1_000, f"s since {format_time(listed[0].event.event_time)}"


def _age(_: Feature, listed: _Matching, event: Event) -> Reckoned:
    return _since(listed[:1], event, 0.0)


def _gap(_: Feature, listed: _Matching, event: Event) -> Reckoned:
    return _since(_matching(listed)[-1:], event, nan)


def _changed(feature: Feature, listed: _Matching, event: Event) -> Reckoned:
    own = _field(feature, event) if matches(feature, event) else ""
    latest = [value for one in _matching(listed) if (value := _field(feature, one.event))][-1:]
    if not own or not latest:
        return 0.0, "nothing to compare"
    return float(latest != [own]), f"{feature.field} {own} after {latest[0]}"


def reckon_expression(expression: str, values: Mapping[str, float]) -> Reckoned:
    """The value of an expression over other features' values."""
    tree = ast.parse(expression.strip(), mode="eval")
    named = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id in values}
    told = ", ".join(f"{name} = {values[name]:g}" for name in sorted(named))
    value = _evaluated(tree.body, values)
    return value if isfinite(value) else nan, f"{expression.strip()} with {told}" if told else expression.strip()


def _evaluated(node: ast.expr, values: Mapping[str, float]) -> float:
    match node:
        case ast.Constant(value=int() | float() as number):
            return float(number)
        case ast.Name(id=name):
            return values[name]
        case ast.UnaryOp(operand=operand):
            return -_evaluated(operand, values)
        case ast.Call(func=ast.Name(id=name), args=arguments):
            return float(FUNCTIONS[name][0](*[_evaluated(one, values) for one in arguments]))
        case ast.BinOp(left=left, op=symbol, right=right):
            return _OPERATIONS[type(symbol)](_evaluated(left, values), _evaluated(right, values))
    raise TypeError(f"not part of an expression: {ast.dump(node)}")


_OPERATIONS: Final[dict[type[ast.operator], Callable[[float, float], float]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: lambda left, right: left / right if right else nan,
}


def numbered(count: int, noun: str) -> str:
    """`1 event`, `2 events`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def matches(feature: Feature, event: Event) -> bool:
    """Whether the event is one of those that the feature's `where` asks for."""
    return all(allowed is None or getattr(event, name) in allowed for name, allowed in feature.where)


def _matching(listed: _Matching) -> _Matching:
    return [one for one in listed if one.matches]


def _amounts(listed: _Matching) -> list[int]:
    return [one.event.amount for one in _matching(listed) if one.event.amount is not None]


def _field(feature: Feature, event: Event) -> str:
    text: str = getattr(event, feature.field or "")
    return text


def _quotient(part: int, whole: int) -> Reckoned:
    return part / whole if whole else 0.0, f"{part} / {whole}"


_Reckoner: TypeAlias = Callable[[Feature, _Matching, Event], Reckoned]

RECKONERS: Final[dict[str, _Reckoner]] = {
    "value": _value,
    "count": _count,
    "sum": _sum,
    "mean": _of_amounts(fmean, "{total} / {count}"),
    "std": _of_amounts(pstdev, "of {amounts} around the mean {total} / {count}"),
    "min": _of_amounts(min, "the least of {amounts}"),
    "max": _of_amounts(max, "the greatest of {amounts}"),
    "distinct": _distinct,
    "same": _same,
    "share": _share,
    "rate": _rate,
    "age": _age,
    "gap": _gap,
    "changed": _changed,
}
