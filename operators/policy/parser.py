"""From a condition's text to its typed tree, by recursive descent over a subset of the Common Expression Language."""

from collections.abc import Callable
from dataclasses import dataclass
from math import isinf
from typing import Final, TypeAlias

from operators.policy.errors import ConditionError
from operators.policy.names import Scope
from operators.policy.tokens import Token, TokenReader, tokenize
from operators.policy.tree import (
    COMPARISONS,
    TEXT_TESTS,
    All,
    AnyOf,
    Arithmetic,
    Comparison,
    Constant,
    Kind,
    Membership,
    Name,
    Negative,
    Node,
    Not,
    Presence,
    TextTest,
    kind_of,
)

MAX_OPERATORS: Final = 50
"""Brackets, `!` and arithmetic operators of a condition: bounds the depth of its tree."""

_A_KIND = {"number": "a number", "text": "a text", "truth": "true or false"}


@dataclass(frozen=True)
class Condition:
    """A condition that has been read: true or false of an event."""

    text: str
    tree: Node
    features: tuple[Name, ...]
    """The features that it names, wherever it does."""

    @property
    def canonical(self) -> str:
        """The text without what doesn't matter."""
        return " ".join(token.text for token in tokenize(self.text))


def parse_condition(text: str, scope: Scope) -> Condition:
    """Reads and checks a condition. Raises ConditionError."""
    parser = _Parser(text, scope)
    return Condition(text, parser.whole(), tuple(parser.features))


_Rule: TypeAlias = Callable[[], Node]


class _Parser:
    """One method for each rule of the grammar, loosest binding first."""

    def __init__(self, text: str, scope: Scope) -> None:
        self._reader = TokenReader(text)
        self._scope = scope
        self._operators = 0
        self.features: list[Name] = []

    def whole(self) -> Node:
        tree = self._operand(self._either, "truth", "a condition")
        if self._reader.token.kind != "end":
            raise self._reader.unexpected("`&&`, `||` or the end")
        return tree

    def _either(self) -> Node:
        return self._joined("||", self._both, AnyOf)

    def _both(self) -> Node:
        return self._joined("&&", self._relation, All)

    def _joined(self, sign: str, part: _Rule, join: type[AnyOf] | type[All]) -> Node:
        start = self._reader.token
        first = part()
        if self._reader.token.text != sign:
            return first
        parts = [_need(first, "truth", start, f"`{sign}`")]
        while self._reader.token.text == sign:
            self._reader.advance()
            parts.append(self._operand(part, "truth", f"`{sign}`"))
        return join(tuple(parts))

    def _relation(self) -> Node:
        start = self._reader.token
        left = self._sum()
        operator = self._reader.token
        if operator.text == "in":
            self._reader.advance()
            left = self._membership(left, start)
        elif operator.text in COMPARISONS:
            self._reader.advance()
            left = self._comparison(left, operator, self._sum())
        if self._reader.token.text in (*COMPARISONS, "in"):
            raise ConditionError("one comparison at a time: write `a < b && b < c`", self._reader.token.column)
        return left

    def _comparison(self, left: Node, operator: Token, right: Node) -> Comparison:
        kind, other = kind_of(left), kind_of(right)
        if "truth" in (kind, other):
            raise ConditionError("what is true or false isn't compared: write `late` or `!late`", operator.column)
        if kind != other:
            raise ConditionError(f"{_A_KIND[kind]} can't be compared with {_A_KIND[other]}", operator.column)
        if kind == "text":
            if operator.text not in ("==", "!="):
                raise ConditionError(f"texts have no order: `{operator.text}` compares numbers", operator.column)
            self._check_texts(left, right, operator)
        return Comparison(operator.text, left, right, kind)

    def _check_texts(self, left: Node, right: Node, operator: Token) -> None:
        for name, other in ((left, right), (right, left)):
            if isinstance(name, Name) and isinstance(other, Constant):
                self._scope.check_value(name.path, str(other.value), operator.column)

    def _membership(self, value: Node, start: Token) -> Membership:
        if not isinstance(value, Name) or value.kind == "truth":
            raise ConditionError("before `in` stands the name of a number or a text", start.column)
        if self._reader.token.text == "[":
            return Membership(value, self._written_values(value))
        if self._reader.token.text != "lists":
            raise self._reader.unexpected('a list, as lists.blocked or ["DE", "FR"],')
        first = self._reader.advance()
        self._reader.take(".")
        name = self._reader.take_kind("name", "the list's name")
        if value.kind != "text":
            raise ConditionError(f"lists hold texts, and {value.path} is a number", start.column)
        return Membership(value, self._scope.values(name.text, first.column), name.text)

    def _written_values(self, subject: Name) -> frozenset[str | float]:
        self._reader.take("[")
        values = {self._written_value(subject)}
        while self._reader.token.text == ",":
            self._reader.advance()
            values.add(self._written_value(subject))
        self._reader.take("]")
        return frozenset(values)

    def _written_value(self, subject: Name) -> str | float:
        token = self._reader.token
        constant = self._constant()
        _need(constant, subject.kind, token, f"a list for {subject.path}")
        if isinstance(constant.value, str):
            self._scope.check_value(subject.path, constant.value, token.column)
        return constant.value

    def _sum(self) -> Node:
        return self._arithmetic(("+", "-"), self._product)

    def _product(self) -> Node:
        return self._arithmetic(("*", "/"), self._unary)

    def _arithmetic(self, signs: tuple[str, str], part: _Rule) -> Node:
        start = self._reader.token
        left = part()
        while (operator := self._reader.token).text in signs:
            _need(left, "number", start, f"`{operator.text}`")
            self._nest()
            left = Arithmetic(operator.text, left, self._operand(part, "number", f"`{operator.text}`"))
        return left

    def _unary(self) -> Node:
        operator = self._reader.token
        if operator.text == "-":
            self._nest()
            return Negative(self._operand(self._unary, "number", "`-`"))
        if operator.text == "!":
            self._nest()
            return Not(self._operand(self._unary, "truth", "`!` (as in `!(a < b)`)"))
        return self._primary()

    def _primary(self) -> Node:
        token = self._reader.token
        if token.text == "(":
            self._nest()
            inner = self._either()
            self._reader.take(")")
            return inner
        if token.text in ("true", "false"):
            return Constant(self._reader.advance().text == "true", "truth")
        if token.text == "has":
            return self._presence()
        return self._named() if token.kind == "name" else self._constant()

    def _constant(self) -> Constant:
        if self._reader.token.kind not in ("number", "text"):
            raise self._reader.unexpected("a name, a number or a text")
        token = self._reader.advance()
        if token.kind == "text":
            return Constant(token.text[1:-1], "text")
        if isinf(number := float(token.text)):
            raise ConditionError(f"{token.text} is too large", token.column)
        return Constant(number, "number")

    def _presence(self) -> Presence:
        self._reader.advance()
        self._reader.take("(")
        name, test = self._path()
        if test or not name.path.startswith(("event.", "feature.")):
            raise ConditionError("has() takes an event field or a feature: has(event.country)", name.column)
        self._reader.take(")")
        return Presence(name)

    def _named(self) -> Node:
        name, test = self._path()
        return self._text_test(name, test) if test else self._scope.meaning(name)

    def _path(self) -> tuple[Name, Token | None]:
        """A name, and the test of its text that is called on it."""
        first = self._reader.take_kind("name", "a name")
        path, test = first.text, None
        while test is None and self._reader.token.text == ".":
            self._reader.advance()
            part = self._reader.take_kind("name", "a name behind the dot")
            if self._reader.token.text == "(":
                test = part
            else:
                path += f".{part.text}"
        name = Name(path, self._scope.kind(path, first.column), first.column)
        if path.startswith("feature."):
            self.features.append(name)
        return name, test

    def _text_test(self, subject: Name, test: Token) -> TextTest:
        if test.text not in TEXT_TESTS:
            raise ConditionError(f"unknown test {test.text}(); known: {', '.join(TEXT_TESTS)}", test.column)
        if subject.kind != "text":
            raise ConditionError(f"{test.text}() looks into a text, and {subject.path} isn't one", test.column)
        self._reader.take("(")
        argument = self._reader.take_kind("text", f'the text to look for, as in {test.text}("free"),')
        if not (sought := argument.text[1:-1]):
            raise ConditionError(
                f"an empty text is in every text: write what {test.text}() shall look for", argument.column
            )
        self._reader.take(")")
        return TextTest(test.text, subject, sought)

    def _operand(self, rule: _Rule, kind: Kind, where: str) -> Node:
        start = self._reader.token
        return _need(rule(), kind, start, where)

    def _nest(self) -> None:
        self._operators += 1
        if self._operators > MAX_OPERATORS:
            text = f"more than {MAX_OPERATORS} brackets and operators: split the rule in two"
            raise ConditionError(text, self._reader.token.column)
        self._reader.advance()


def _need(node: Node, kind: Kind, start: Token, where: str) -> Node:
    if (found := kind_of(node)) != kind:
        raise ConditionError(f"{where} needs {_A_KIND[kind]}, and here is {_A_KIND[found]}", start.column)
    return node
