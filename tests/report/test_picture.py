"""Plots as files of their own."""

from xml.etree import ElementTree

from dataflows.report.picture import picture
from dataflows.report.plots import Series, line_plot

SVG = "{http://www.w3.org/2000/svg}"


def test_a_picture_is_an_svg_file_with_its_style_and_legend() -> None:
    series = [Series("fixed", [1.0, 2.0]), Series("cost & more", [2.0, 1.0], 2)]
    root = ElementTree.fromstring(picture(line_plot([0.0, 1.0], series, "day", "holds"), series))
    assert root.tag == f"{SVG}svg"
    assert len(root.findall(f"{SVG}polyline")) == 2
    assert {"fixed", "cost & more", "day"} <= {text.text for text in root.iter(f"{SVG}text")}
    [style] = root.findall(f"{SVG}style")
    assert "--c2" in (style.text or "")
