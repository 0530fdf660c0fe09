"""Plots are well-formed SVG whose shapes are where the numbers say."""

from xml.etree import ElementTree

import pytest

from dataflows.report.plots import Bar, Series, bar_plot, column_plot, legend, line_plot


def shapes(plot: str, name: str, kind: str = "") -> list[ElementTree.Element]:
    return [shape for shape in ElementTree.fromstring(plot).iter(name) if kind in shape.get("class", "")]


def test_a_line_breaks_at_a_gap() -> None:
    plot = line_plot([0, 1, 2, 3, 4], [Series("a", [1, 2, None, 3, 4], 2)], "seconds", "ms", mark=(2, "live"))
    lines = shapes(plot, "polyline", "c2")
    assert [len(line.get("points", "").split()) for line in lines] == [2, 2]
    assert len(shapes(plot, "line", "mark")) == 1
    assert "live" in plot


def test_higher_values_are_drawn_higher() -> None:
    plot = line_plot([0, 1], [Series("a", [0, 10])], "x", "y")
    low, high = (float(point.split(",")[1]) for point in shapes(plot, "polyline")[0].get("points", "").split())
    assert low > high


def test_plots_of_nothing_are_drawn() -> None:
    for plot in (
        line_plot([], [Series("a", [])], "x", "y"),
        column_plot([], [Series("a", [])], "x", "y"),
        bar_plot([]),
    ):
        assert ElementTree.fromstring(plot).tag == "svg"


def test_stacked_columns_stand_on_one_another() -> None:
    plot = column_plot(["0", "1"], [Series("a", [1, 0], 1), Series("b", [2, 3], 2)], "x", "y", stacked=True)
    columns = shapes(plot, "rect")
    assert len(columns) == 3  # none of height 0
    first, second = (float(column.get("y", "")) for column in columns[:2])
    assert second < first
    assert second + float(columns[1].get("height", "")) == pytest.approx(first, abs=0.02)


def test_columns_side_by_side_say_what_they_are() -> None:
    plot = column_plot(
        ["0", "0.5"], [Series("honest", [1000, 1]), Series("abusive", [2, 10])], "score", "events", log=True
    )
    said = [column.findtext("title") for column in shapes(plot, "rect")]
    assert said == ["honest, 0: 1,000", "abusive, 0: 2", "honest, 0.5: 1", "abusive, 0.5: 10"]
    assert len({column.get("x") for column in shapes(plot, "rect")}) == 4


def test_bars_have_the_lengths_of_their_values() -> None:
    plot = bar_plot([Bar("card testing", 0.5, 0.25, "half <of> them")])
    track, outer, inner = (float(bar.get("width", "")) for bar in shapes(plot, "rect"))
    assert outer == track / 2
    assert inner == track / 4
    assert "half &lt;of&gt; them" in plot


def test_a_legend_names_each_series() -> None:
    keys = shapes(legend([Series("p50", [], 1), Series("p99", [], 4)]), "span")
    assert [(key.text, key.get("class")) for key in keys] == [("p50", "key c1"), ("p99", "key c4")]
