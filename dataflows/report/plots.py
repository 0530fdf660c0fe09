"""Plots as SVG: lines, columns and bars. Colours come from the page's style, so that they fit light and dark."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from dataflows.report.axes import Axis, short, value_axis
from dataflows.report.markup import Markup, element, joined

_WIDTH: Final = 640
_HEIGHT: Final = 250
_LEFT, _RIGHT, _TOP, _BOTTOM = 52.0, 628.0, 28.0, 210.0
_ROW: Final = 28
"""Height of a bar's row."""
_BAR_LEFT, _BAR_RIGHT = 150.0, 470.0


class Series(NamedTuple):
    """Values over a common axis; None leaves a gap. Colours are numbered by the page's style, from 1."""

    name: str
    values: Sequence[float | None]
    colour: int = 1


class Bar(NamedTuple):
    """A labelled value in [0, 1], a second one within it, and what is written beside them."""

    label: str
    value: float
    inner: float
    text: str


def line_plot(
    x: Sequence[float], series: Sequence[Series], x_label: str, y_label: str, mark: tuple[float, str] | None = None
) -> Markup:
    """Lines over rising `x`, from 0 up; `mark` draws a vertical line at an x, with a word."""
    across = Axis(min(x, default=0.0), max(x, default=1.0) or 1.0, _LEFT, _RIGHT)
    up = value_axis([value for one in series for value in one.values if value is not None], _BOTTOM, _TOP)
    lines = [
        element("polyline", points=" ".join(run), class_=f"line c{one.colour}", fill="none")
        for one in series
        for run in _runs(x, one.values, across, up)
    ]
    ticks = [(across.place(tick), short(tick)) for tick in across.ticks()]
    return _drawing(
        _HEIGHT, _frame(up, ticks, x_label, y_label), *lines, _mark(across, mark), title=f"{y_label} over {x_label}"
    )


def column_plot(
    labels: Sequence[str],
    series: Sequence[Series],
    x_label: str,
    y_label: str,
    *,
    stacked: bool = False,
    log: bool = False,
) -> Markup:
    """Columns of several series: side by side, or stacked (never on a logarithmic axis). Labels name their starts."""
    rows = [[value or 0.0 for value in values] for values in zip(*(one.values for one in series), strict=True)]
    tops = [sum(row) for row in rows] if stacked else [value for row in rows for value in row]
    up = value_axis(tops, _BOTTOM, _TOP, log=log)
    slot = (_RIGHT - _LEFT) / max(len(rows), 1)
    width = slot * 0.84 / (1 if stacked else max(len(series), 1))
    drawn = []
    for number, row in enumerate(rows):
        left, base = _LEFT + slot * (number + 0.08), 0.0
        for one, value in zip(series, row, strict=True):
            if value > 0:
                text = f"{one.name}, {labels[number]}: {value:,.6g}"
                drawn.append(_column(left, width, up.place(base), up.place(base + value), one.colour, text))
            if stacked:
                base += value
            else:
                left += width
    every = max(1, len(labels) // 10)
    ticks = [(_LEFT + slot * number, labels[number]) for number in range(0, len(labels), every)]
    return _drawing(_HEIGHT, _frame(up, ticks, x_label, y_label), *drawn, title=f"{y_label} by {x_label}")


def bar_plot(bars: Sequence[Bar]) -> Markup:
    """Horizontal bars on a track from 0 to 1, the inner value drawn over the outer."""
    along = Axis(0.0, 1.0, _BAR_LEFT, _BAR_RIGHT)
    rows = []
    for number, bar in enumerate(bars):
        middle = _ROW * number + _ROW / 2
        track = [
            _rect(_BAR_LEFT, middle - 7, along.place(value) - _BAR_LEFT, 14, kind)
            for value, kind in ((1.0, "track"), (bar.value, "fill c1"), (bar.inner, "fill c2"))
        ]
        label = element("text", bar.label, x=_BAR_LEFT - 10, y=middle + 4, text_anchor="end", class_="name")
        text = element("text", bar.text, x=_BAR_RIGHT + 10, y=middle + 4)
        rows.append(joined(label, *track, text))
    return _drawing(_ROW * max(len(bars), 1), *rows, title="bars")


def legend(series: Sequence[Series]) -> Markup:
    """The series' names beside their colours."""
    return element(
        "p", *(element("span", one.name, class_=f"key c{one.colour}") for one in series if one.name), class_="legend"
    )


def _runs(x: Sequence[float], values: Sequence[float | None], across: Axis, up: Axis) -> list[list[str]]:
    """The points of each stretch without a gap."""
    runs: list[list[str]] = [[]]
    for at, value in zip(x, values, strict=True):
        if value is not None:
            runs[-1].append(f"{across.place(at):.1f},{up.place(value):.1f}")
        elif runs[-1]:
            runs.append([])
    return [run for run in runs if run]


def _frame(up: Axis, ticks: Sequence[tuple[float, str]], x_label: str, y_label: str) -> Markup:
    parts = []
    for tick in up.ticks():
        y = up.place(tick)
        parts.append(element("line", x1=_LEFT, x2=_RIGHT, y1=y, y2=y, class_="grid"))
        parts.append(element("text", short(tick), x=_LEFT - 8, y=y + 4, text_anchor="end"))
    parts += [element("text", text, x=x, y=_BOTTOM + 18, text_anchor="middle") for x, text in ticks]
    parts.append(element("text", x_label, x=_RIGHT, y=_BOTTOM + 36, text_anchor="end", class_="name"))
    parts.append(element("text", y_label, x=4, y=12, class_="name"))
    parts.append(element("line", x1=_LEFT, x2=_RIGHT, y1=_BOTTOM, y2=_BOTTOM, class_="base"))
    return joined(*parts)


def _mark(across: Axis, mark: tuple[float, str] | None) -> Markup:
    if mark is None:
        return Markup()
    x = across.place(mark[0])
    line = element("line", x1=x, x2=x, y1=_TOP, y2=_BOTTOM, class_="mark")
    return joined(line, element("text", mark[1], x=x + 5, y=_TOP + 8, class_="name"))


def _column(left: float, width: float, base: float, top: float, colour: int, text: str) -> Markup:
    return element(
        "rect", element("title", text), x=left, y=top, width=width, height=base - top, class_=f"fill c{colour}"
    )


def _rect(x: float, y: float, width: float, height: float, kind: str) -> Markup:
    return element("rect", x=x, y=y, width=max(width, 0.0), height=height, rx=3, class_=kind)


def _drawing(height: float, *content: str, title: str) -> Markup:
    return element("svg", *content, viewBox=f"0 0 {_WIDTH} {height}", role="img", aria_label=title)
