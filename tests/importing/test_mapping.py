"""Mapping files: the examples are good, and every mistake is named with its place and fix."""

from pathlib import Path

import pytest

from dataflows.errors import UserError
from dataflows.importing.mapping import load_mapping

from .conftest import EXAMPLES

EVENT = """
[event]
event_id = "shop-{ID}"
event_type = { constant = "payment" }
event_time = "TIME"
user_id = "USER"
"""


@pytest.mark.parametrize("name", ["fdh.toml", "shop-csv.toml"])
def test_the_examples_load(name: str) -> None:
    assert load_mapping(EXAMPLES / name).label is not None


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[event", "is not valid TOML"),
        ("", r"\[event\]: is missing"),
        ("[event]\nuser_id = 'U'", r"\[event\] event_id: is missing"),
        (EVENT + "colour = 'C'", r"\[event\] colour: no such field"),
        (EVENT + "amount = { column = 'A', decimal = ';' }", r"\[event\] amount\.decimal: Input should be '\.' or ','"),
        (EVENT + "country = { column = 'A', constant = 'DE' }", r"\[event\] country: give exactly one of column"),
        (EVENT + "country = { column = 'A', otherwise = 'DE' }", r"\[event\] country: otherwise needs values"),
        (EVENT + "country = '{A'", r"\[event\] country: '\{A' has braces that do not close"),
        (EVENT.replace('"TIME"', "{ column = 'T', zone = 'Europe/Berln' }"), r"no time zone is called 'Europe/Berln'"),
        (
            EVENT.replace('"TIME"', "{ column = 'T', format = 'epoch' }"),
            r"\[event\] event_time\.format: write iso, epoch_s",
        ),
        (
            EVENT + "[label]\ncolumn = 'F'\nvalues = { 1 = 'fraudulent' }\ndelay = '7d'\nsource = 's'",
            r"\[label\] values\.1: Input should be 'fraud', 'legitimate' or 'abuse'",
        ),
        (
            EVENT + "[label]\ncolumn = 'F'\nvalues = { 1 = 'fraud' }\ndelay = '7 days'\nsource = 's'",
            "'7 days' is no dur",
        ),
        (EVENT + "[csv]\nencoding = 'utf-9'", r"\[csv\] encoding: no encoding is called 'utf-9'"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, text: str, complaint: str) -> None:
    path = tmp_path / "mapping.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(UserError, match=complaint) as caught:
        load_mapping(path)
    assert str(path) in str(caught.value)


def test_a_mapping_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"none\.toml: can't be read: No such file"):
        load_mapping(tmp_path / "none.toml")
