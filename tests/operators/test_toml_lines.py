"""Where something stands in a TOML text, whatever stands around it."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operators.toml_lines import located

VALUES = st.sampled_from(
    [
        "1",
        '"a # b"',
        "'c\\'",
        r'"\"[["',
        '""',
        "''",
        "[]",
        "[1, [2, 3]]",
        '[\n  "[", # a comment ]\n\n  "]",\n]',
        "{ x = 1, y = [1, 2] }",
        '{ x = [\n1,\n2 ], y = "}" }',
        '"""\n[[features]]\nname = "no"\n"""',
        '"""four""""',
        "'''\n# ''\n[table]\n'''''",
    ]
)
BETWEEN = st.sampled_from(["", "", "\n", "# [[features]]\n", "  # 'unclosed\n\n"])
ENDS = st.sampled_from(["\n", "\r\n"])


@given(st.lists(st.tuples(BETWEEN, st.lists(st.tuples(BETWEEN, VALUES), max_size=4)), max_size=4), ENDS)
def test_every_table_and_value_is_found(tables: list[tuple[str, list[tuple[str, str]]]], end: str) -> None:
    text, places = "", {}
    for number, (before, values) in enumerate(tables):
        text += before
        places[("rules", number)] = text.count("\n") + 1
        text += "[[rules]]\n"
        for key, (between, value) in enumerate(values):
            text += between
            places[("rules", number, f"key-{key}")] = text.count("\n") + 1
            text += f"key-{key} = {value}\n"
    text = text.replace("\n", end)
    tomllib.loads(text)
    assert {place: located("f", text, place) for place in places} == {
        place: f"f, line {line}" for place, line in places.items()
    }


TEXT = """
name = "x"   # line 2
a.b.c = 1
rules = [
  { id = "one" },
  { id = "two" },
]
[table."key with [ and # and '"]
inner = [1]
[table.deeper]
"""


@pytest.mark.parametrize(
    ("place", "line"),
    [
        (("name",), 2),
        (("a",), 3),
        (("a", "b", "c"), 3),
        (("a", "b", "absent"), 3),
        (("rules", 1, "id"), 4),
        (("rules", 2, "id"), 4),
        (("table",), 8),
        (("table", "key with [ and # and '", "inner", 0), 9),
        (("table", "key with [ and # and '", "inner", "no key of a list"), 9),
        (("table", "key with [ and # and '", "absent"), 8),
        (("table", "deeper", "absent", 3), 10),
    ],
)
def test_a_place_that_is_not_there_is_its_tables(place: tuple[int | str, ...], line: int) -> None:
    assert located("f", TEXT, place) == f"f, line {line}"


def test_what_the_whole_file_lacks_has_no_line() -> None:
    assert located("f", TEXT, ("absent", 1)) == "f"
    assert located("f", TEXT, ()) == "f"
    assert located("f", "", ("absent",)) == "f"
