"""A plot as a picture of its own, for pages that aren't ours."""

from collections.abc import Sequence
from typing import Final

from dataflows.report.markup import Markup, element, joined
from dataflows.report.plots import Series
from dataflows.report.style import STYLE

_NAMESPACE: Final = "http://www.w3.org/2000/svg"
_LEGEND_LEFT: Final = 150.0
_CHARACTER: Final = 6.4
"""About the width of one, at the drawing's scale."""


def picture(drawing: Markup, series: Sequence[Series]) -> str:
    """The SVG file of a drawing, in the page's style, with the names of its series above it."""
    head, _, content = drawing.partition(">")
    style = element("style", Markup(STYLE))
    back = element("rect", width="100%", height="100%", style="fill: var(--card)")
    start = head.replace("<svg", f'<svg xmlns="{_NAMESPACE}"', 1)
    return f"{start}>{style}{back}{_legend(series)}{content}\n"


def _legend(series: Sequence[Series]) -> Markup:
    keys, left = [], _LEGEND_LEFT
    for one in series:
        keys.append(element("rect", x=left, y=3, width=10, height=10, rx=3, class_=f"fill c{one.colour}"))
        keys.append(element("text", one.name, x=left + 15, y=12))
        left += 33 + _CHARACTER * len(one.name)
    return joined(*keys)
