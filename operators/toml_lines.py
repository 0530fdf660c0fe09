"""Where something stands in a TOML file, for those who have to mend it: the standard library's parser doesn't tell.

It is asked instead: the statement that gives a value is the first one with which the text up to there has the value.
"""

import re
import tomllib
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import Any, Final

_TOKEN: Final = re.compile(
    r"""\"{3}(?:\\.|[^\\])*?\"{3,5} | '{3}.*?'{3,5} | "(?:\\.|[^"\\])*" | '[^']*' | \#[^\n]* | [][{}] | \n""",
    re.VERBOSE | re.DOTALL,
)
_DEPTH: Final = {"[": 1, "{": 1, "]": -1, "}": -1}


def located(source: str, text: str, place: Sequence[int | str]) -> str:
    """`source, line 12`, the line of a place (keys and indexes, such as ("features", 2, "windows")) in its valid text.

    Where the text lacks the place, the line is that of the table which should have it; `source` alone if that is the
    whole file.
    """
    document = tomllib.loads(text)
    present = [place[:depth] for depth in range(1, len(place) + 1) if _has(document, place[:depth])]
    return f"{source}, line {_line(text, present[-1])}" if present else source


def _line(text: str, place: Sequence[int | str]) -> int:
    """The line, from 1, on which the statement begins that gives the text this place, which it has."""
    ends = [0, *_ends(text), len(text)]
    found = bisect_left(ends, True, key=lambda end: _has(tomllib.loads(text[:end]), place))
    return text.count("\n", 0, ends[found - 1]) + 1


def _ends(text: str) -> Iterator[int]:
    """Where lines end that a statement, a comment or nothing ends with; not those within an array or a text."""
    depth = 0
    for token in _TOKEN.finditer(text):
        depth += _DEPTH.get(token[0], 0)
        if token[0] == "\n" and not depth:
            yield token.end()


def _has(value: Any, place: Sequence[int | str]) -> bool:
    for part in place:
        known = range(len(value)) if isinstance(value, list) else value if isinstance(value, dict) else ()
        if part not in known:
            return False
        value = value[part]
    return True
