"""The words of a condition."""

import re
from typing import Final, NamedTuple

from operators.policy.errors import ConditionError

MAX_LENGTH: Final = 2_000
"""Characters of a condition."""

_TOKEN = re.compile(
    r"""(?P<space>\s+)
    |(?P<number>(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+)?)
    |(?P<text>"[^"\\\n]*"|'[^'\\\n]*')
    |(?P<name>[A-Za-z_][A-Za-z0-9_]*)
    |(?P<sign>&&|\|\||[=!<>]=|[<>!+\-*/().,\[\]])""",
    re.VERBOSE,
)
_INSTEAD = {"=": "==", "&": "&&", "|": "||", "and": "&&", "or": "||", "not": "!"}


class Token(NamedTuple):
    """One word and its column, from 0. `kind` is number, text, name, sign or end."""

    kind: str
    text: str
    column: int


def tokenize(condition: str) -> list[Token]:
    """The condition's words; the last one's kind is "end". Raises ConditionError at anything that isn't a word."""
    if len(condition) > MAX_LENGTH:
        raise ConditionError(f"a condition may have {MAX_LENGTH} characters: split the rule in two", MAX_LENGTH)
    tokens = []
    column = 0
    while column < len(condition):
        match = _TOKEN.match(condition, column)
        if match is None or match.group() in _INSTEAD:
            raise _not_a_word(condition, column, match)
        if match.lastgroup != "space":
            tokens.append(Token(str(match.lastgroup), match.group(), column))
        column = match.end()
    return [*tokens, Token("end", "", column)]


def _not_a_word(condition: str, column: int, match: re.Match[str] | None) -> ConditionError:
    found = match.group() if match else condition[column]
    if found in _INSTEAD:
        return ConditionError(f"write `{_INSTEAD[found]}` instead of `{found}`", column)
    if found in "\"'":
        return ConditionError(f"this text has no closing {found} on its line, or a backslash in it", column)
    return ConditionError(f"unexpected {found!r}", column)


class TokenReader:
    """Goes through a condition's words, one ahead."""

    def __init__(self, condition: str) -> None:
        self._rest = iter(tokenize(condition))
        self.token = next(self._rest)

    def advance(self) -> Token:
        """Goes on; gives the word that was left."""
        left, self.token = self.token, next(self._rest)
        return left

    def take(self, sign: str) -> Token:
        """Goes on over a sign that must be there."""
        if self.token.text != sign:
            raise self.unexpected(f"`{sign}`")
        return self.advance()

    def take_kind(self, kind: str, what: str) -> Token:
        """Goes on over a word of a kind that must be there."""
        if self.token.kind != kind:
            raise self.unexpected(what)
        return self.advance()

    def unexpected(self, wanted: str) -> ConditionError:
        """The error that something else stands here."""
        return ConditionError(f"found {self.token.text or 'the end'} where {wanted} should be", self.token.column)
