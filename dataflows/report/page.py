"""The page: a headline with tiles, sections in a grid, and what they are made of."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from dataflows.report.markup import Markup, element, joined
from dataflows.report.style import STYLE

_SHORT: Final = 20
"""Characters that a table doesn't break over lines."""


class Tile(NamedTuple):
    """A number to see first."""

    name: str
    value: str
    note: str = ""


class Section(NamedTuple):
    """A titled part of the page, at half its width or `wide`."""

    title: str
    note: str
    content: Markup
    wide: bool = False


def page(title: str, lead: str, tiles: Sequence[Tile], sections: Sequence[Section]) -> str:
    """The whole HTML file."""
    head = element(
        "head",
        Markup('<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'),
        element("title", title),
        element("style", Markup(STYLE)),
    )
    body = element(
        "body",
        element("header", element("h1", title), element("p", lead)),
        element("div", *map(_tile, tiles), class_="tiles"),
        element("main", *map(_section, sections)),
    )
    return f"<!doctype html>\n{element('html', head, body, lang='en')}\n"


def table(headings: Sequence[str], rows: Sequence[Sequence[str]], numeric: Sequence[int] = ()) -> Markup:
    """A table; the columns numbered in `numeric` are set flush right."""
    head = element("tr", *(_cell("th", text, column in numeric) for column, text in enumerate(headings)))
    body = [element("tr", *(_cell("td", text, column in numeric) for column, text in enumerate(row))) for row in rows]
    return element("div", element("table", element("thead", head), element("tbody", *body)), class_="scroll")


def _cell(name: str, text: str, is_number: bool) -> Markup:
    return element(name, text, class_="number" if is_number else "short" if len(text) <= _SHORT else None)


def facts(pairs: Sequence[tuple[str, str]]) -> Markup:
    """Names and what they are."""
    return element("dl", *(joined(element("dt", name), element("dd", value)) for name, value in pairs))


def note(text: str) -> Markup:
    """A remark below a plot or instead of a table."""
    return element("p", text, class_="note")


def _tile(tile: Tile) -> Markup:
    value = element("strong", tile.value)
    return element("div", element("span", tile.name), value, element("small", tile.note), class_="tile")


def _section(section: Section) -> Markup:
    return element(
        "section",
        element("h2", section.title),
        *([note(section.note)] if section.note else []),
        section.content,
        class_="wide" if section.wide else None,
    )
