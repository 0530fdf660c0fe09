from dataflows.report.markup import Markup, element, joined


def test_text_is_escaped_and_markup_is_not() -> None:
    inner = element("b", "a < b & c")
    assert inner == "<b>a &lt; b &amp; c</b>"
    assert element("p", inner, "<script>") == "<p><b>a &lt; b &amp; c</b>&lt;script&gt;</p>"
    assert isinstance(joined(inner, "x"), Markup)


def test_attributes_are_escaped_renamed_and_left_out() -> None:
    made = element("text", "x", class_="a b", text_anchor="end", title='say "no"', id=None, x=12.5, y=3.0, n=7)
    assert made == '<text class="a b" text-anchor="end" title="say &quot;no&quot;" x="12.5" y="3" n="7">x</text>'
