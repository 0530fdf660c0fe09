import re
from html.parser import HTMLParser

from dataflows.report.machine import machine
from dataflows.report.markup import Markup, element
from dataflows.report.page import Section, Tile, facts, page, table

VOID = {"meta"}


class Balance(HTMLParser):
    """Knows which elements are open."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def example() -> str:
    rows = [("hold <order>", "12"), ("block", "3")]
    sections = [
        Section("Actions & more", "What was done.", table(("action", "count"), rows, numeric=(1,))),
        Section("Machine", "", facts(machine()), wide=True),
    ]
    return page("A <report>", "What it is.", [Tile("Events", "1,234", "of all")], sections)


def test_the_page_is_one_balanced_document_that_needs_nothing_else() -> None:
    html = example()
    balance = Balance()
    balance.feed(html)
    assert not balance.open
    assert balance.seen.count("section") == 2
    assert not re.search(r"(src|href)=|url\(|@import|<script", html)
    assert "prefers-color-scheme: dark" in html


def test_what_users_named_is_escaped() -> None:
    html = example()
    assert "<title>A &lt;report&gt;</title>" in html
    assert "hold &lt;order&gt;" in html
    assert "Actions &amp; more" in html


def test_numeric_columns_are_set_right_and_long_texts_may_break() -> None:
    made = table(("name", "count"), [("x" * 30, "7"), ("y", "8")], numeric=(1,))
    assert '<td class="number">7</td>' in made
    assert f"<td>{'x' * 30}</td>" in made
    assert '<td class="short">y</td>' in made


def test_cells_may_be_markup() -> None:
    assert '<td class="short"><b>x</b></td>' in table(("a",), [(element("b", "x"),)])
    assert isinstance(table((), []), Markup)


def test_the_machine_is_described_without_names() -> None:
    assert [name for name, _ in machine()] == ["processor", "memory", "system"]
