"""HTML and SVG from Python: what isn't markup already is escaped."""

from html import escape
from typing import Any


class Markup(str):
    """Text that is HTML or SVG already."""

    __slots__ = ()


def element(name: str, *content: str, **attributes: Any) -> Markup:
    """An element. Attribute names: `class_` is `class`, `_` is `-`; those that are None are left out."""
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(_text(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    return Markup(f"<{name}{given}>{joined(*content)}</{name}>")


def joined(*content: str) -> Markup:
    """Pieces one after another."""
    return Markup("".join(piece if isinstance(piece, Markup) else escape(piece) for piece in content))


def _text(value: object) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
