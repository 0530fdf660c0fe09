"""What a feature set's file may say, and what is told where it may not."""

import re
from pathlib import Path

import pytest

from dataflows.errors import UserError
from dataflows.features import load_feature_set
from operators.features import FeatureSetError, parse_feature_set

HEAD = 'name = "small"\n'
COUNT = """
[[features]]
name = "user_count_{window}"
entity = "user"
aggregate = "count"
windows = ["1h", "1d"]
delay = "2s"
where = { event_type = ["payment"], outcome = ["ok", "failed"] }
"""
RATE = """
[[features]]
name = "fraud_rate"
entity = "merchant"
aggregate = "rate"
label = "fraud"
windows = ["7d"]
"""
TEXT = HEAD + COUNT + RATE


def with_feature(fields: str) -> str:
    return f'{TEXT}\n[[features]]\nname = "new"\n{fields}'


def with_expression(text: str) -> str:
    return f'{TEXT}\n[[features]]\nname = "new"\nexpression = "{text}"\n'


def with_count(fields: str) -> str:
    return with_feature(f'entity = "user"\naggregate = "count"\n{fields}')


def test_reads_what_it_says() -> None:
    features = parse_feature_set(TEXT, "small.toml")
    assert features.names == ("user_count_1h", "user_count_1d", "fraud_rate")
    assert (features.settle, features.window_events) == (2_000, 16)
    assert list(features.entities) == ["merchant"]


CASES = [
    (TEXT.replace("[[features]]", "[[features]"), "not valid TOML: ", "(at line 3"),
    (
        "",
        "name: missing; write one, such as",
        "features: declare at least one, in a table that begins with [[features]]",
    ),
    (HEAD, "features: declare at least one", "[[features]]"),
    (HEAD + "features = []", "line 2: features: declare at least one", "[[features]]"),
    (HEAD + "features = 5", "features: each feature is a table that begins with [[features]]", ""),
    (HEAD + 'features = ["count"]', "feature number 1: each feature is a table that begins with [[features]]", ""),
    (
        TEXT.replace('name = "small"', 'name = "Small set"'),
        "line 1: name: small letters and digits only",
        '"corner-shop"',
    ),
    ('settel = "2s"\n' + TEXT, "settel: unknown field; did you mean settle?", ""),
    ("settle = 2\n" + TEXT, "settle: 2 is no duration", '"500ms" or "7d"'),
    ('settle = "2 s"\n' + TEXT, "settle: '2 s' is no duration", '"500ms" or "7d"'),
    ("window_events = 65\n" + TEXT, "window_events: Input should be less than or equal to 64", ""),
    (TEXT + COUNT, "line 19: feature user_count_{window}: name: user_count_1d is used twice", "names must differ"),
    (TEXT.replace('name = "fraud_rate"\n', ""), "line 11: feature number 2: name: missing; write one, such as", ""),
    (
        TEXT.replace("fraud_rate", "fraud rate"),
        "line 12: feature fraud rate: name: small letters and digits only",
        '"_"',
    ),
    (
        TEXT.replace("user_count_{window}", "user_count"),
        "line 4: feature user_count: name: with several windows",
        '"{window}"',
    ),
    (TEXT.replace('"1h"', '"1x"'), "feature user_count_{window}: windows: 0: '1x' is no duration", '"500ms" or "7d"'),
    (TEXT.replace('"1h"', '"0s"'), "feature user_count_{window}: windows: 0: must be longer than 0", ""),
    (TEXT.replace('"1h"', '"4000d"'), "feature user_count_{window}: windows: 0: must be at most 3650d", ""),
    (TEXT.replace('"2s"', '"4000d"'), "feature user_count_{window}: delay: must be at most 3650d", ""),
    (
        TEXT.replace('["1h", "1d"]', '"1h"'),
        "feature user_count_{window}: windows: must be a list",
        'windows = ["1h", "7d"]',
    ),
    (TEXT.replace('["payment"]', '["paymnt"]'), "feature user_count_{window}: where: event_type: 0: ", "'payment'"),
    (
        TEXT.replace('["payment"]', "[]"),
        "line 9: feature user_count_{window}: where: event_type: empty",
        "leave it out",
    ),
    (TEXT.replace('["ok", "failed"]', '"ok"'), "where: outcome: must be a list", 'outcome = ["ok"]'),
    (
        TEXT.replace("{ event_type", '["ok"] #'),
        "line 9: feature user_count_{window}: where: must be a table",
        "where = {",
    ),
    (TEXT.replace("outcome =", "outcom ="), "where: outcom: unknown field; did you mean outcome?", ""),
    (TEXT.replace("outcome =", "country ="), "where: country: unknown field; known: event_type, outcome, category", ""),
    (TEXT.replace('"merchant"', '"shop"'), "line 13: feature fraud_rate: entity: unknown", '"user+merchant"'),
    (TEXT.replace('"merchant"', '"user+merchnt"'), "feature fraud_rate: entity: unknown", "did you mean merchant?"),
    (TEXT.replace('"merchant"', '"user+user"'), "feature fraud_rate: entity: an entity is", "two different ones"),
    (with_expression("user_count_1d / 0.5 +"), "line 20: feature new: expression: not an expression", ""),
    (with_expression("2 * user_cont_1d"), "expression: column 5: unknown feature", "did you mean user_count_1d?"),
    (with_expression("new + 1"), "expression: column 1: new is declared further down", "move it above"),
    (with_expression("exp(fraud_rate)"), "expression: column 1: unknown function exp", "known: log,"),
    (with_expression("log(fraud_rate, 2)"), "expression: column 1: log takes 1 values", ""),
    (with_expression("fraud_rate ** 2"), "expression: column 1: only features, numbers", "coalesce"),
    (with_expression("fraud_rate.real"), "expression: column 1: only features, numbers", ""),
    (with_expression("True"), "expression: column 1: only features, numbers", ""),
    (with_expression("1+" * 240 + "1"), "expression: nested too deeply", "several features"),
    (with_expression("-" * 400 + "1"), "expression: nested too deeply", "several features"),
    (with_expression("1" + "0" * 400), "expression: column 1: only features, numbers", ""),
    (with_expression("1 + " * 200 + "1"), "expression: longer than 500 characters", "several features"),
    (with_expression("1") + 'aggregate = "count"', "feature new: expression: goes with", ""),
    (with_feature('entity = "user"\naggregate = "changed"\nfield = "amount"'), "field: ", "needs one of user_id"),
    (TEXT.replace('"rate"', '"ratio"'), "feature fraud_rate: aggregate: ", "'share', 'rate'"),
    (TEXT.replace('label = "fraud"', 'label = "theft"'), "feature fraud_rate: label: ", "'abuse'"),
    (TEXT.replace('label = "fraud"\n', ""), 'feature fraud_rate: label: aggregate = "rate" needs it', ""),
    (with_count('windows = ["1d"]\nlabel = "fraud"'), "feature new: label: ", "no other takes it"),
    (with_count(""), 'feature new: windows: name at least one, such as windows = ["1d"]', ""),
    (with_count('window = ["1d"]'), "feature new: window: unknown field; did you mean windows?", ""),
    (with_count('windows = ["1d"]\nfield = "amount"'), 'feature new: field: aggregate = "count" takes none', ""),
    (
        with_feature('entity = "user"\naggregate = "sum"\nwindows = ["1d"]'),
        "feature new: field: ",
        "needs one of amount",
    ),
    (
        with_feature('entity = "user"\naggregate = "distinct"\nfield = "amount"\nwindows = ["1d"]'),
        "feature new: field: ",
        "needs one of user_id, merchant_id",
    ),
    (with_feature('entity = "user"\naggregate = "value"\nfield = "hour"'), "feature new: entity = ", "and no other"),
    (with_feature('entity = "event"\naggregate = "count"\nwindows = ["1d"]'), "feature new: entity = ", "and no other"),
    (with_feature('entity = "event"\naggregate = "value"\nfield = "day"'), "feature new: field: ", "weekday"),
    (with_feature('entity = "user"\naggregate = "age"\nwindows = ["1d"]'), "feature new: windows and delay: ", "none"),
    (with_feature('entity = "user"\naggregate = "gap"\ndelay = "1d"'), "feature new: windows and delay: ", "none"),
    (TEXT.replace("fraud_rate", "rate_{window}x{window}"), "name: small letters and digits only", ""),
    (
        with_feature('entity = "user"\naggregate = "age"\nwhere = { outcome = ["ok"] }'),
        'feature new: where: aggregate = "age" takes none',
        "",
    ),
    (
        with_feature('entity = "user"\naggregate = "share"\nwindows = ["1d"]'),
        "feature new: where: a share is that of the events that match it",
        "event_type",
    ),
]


@pytest.mark.parametrize(("text", "problem", "fix"), CASES)
def test_a_wrong_file_is_refused_with_the_feature_and_the_fix(text: str, problem: str, fix: str) -> None:
    with pytest.raises(FeatureSetError) as caught:
        parse_feature_set(text, "small.toml")
    message = str(caught.value)
    assert all(re.match(r"small\.toml(, line \d+)?: ", line) for line in message.splitlines())
    assert problem in message
    assert fix in message


def test_every_problem_is_told_at_once() -> None:
    with pytest.raises(FeatureSetError) as caught:
        parse_feature_set(TEXT.replace('"1h"', '"1x"').replace('label = "fraud"', 'label = "theft"'), "small.toml")
    assert [line.split(": ")[:2] for line in str(caught.value).splitlines()] == [
        ["small.toml, line 7", "feature user_count_{window}"],
        ["small.toml, line 15", "feature fraud_rate"],
    ]


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"absent\.toml: can't read the feature set: No such file"):
        load_feature_set(tmp_path / "absent.toml")
    (tmp_path / "latin.toml").write_bytes('# Händler\nname = "x"'.encode("latin-1"))
    with pytest.raises(UserError, match=r"latin\.toml: not UTF-8 at byte 3"):
        load_feature_set(tmp_path / "latin.toml")
    (tmp_path / "wrong.toml").write_text(HEAD)
    with pytest.raises(UserError, match=r"wrong\.toml: features: declare at least one"):
        load_feature_set(tmp_path / "wrong.toml")


SAME = [
    "# A comment\n" + TEXT,
    TEXT.replace('"1h", "1d"', '\n  "1h",\n  "1d",\n'),
    'settle = "2s"\nwindow_events = 16\n' + TEXT,
    'settle = "2000ms"\n' + TEXT,
    TEXT + 'delay = "0s"\n',
    TEXT.replace('label = "fraud"\nwindows = ["7d"]', 'windows = ["7d"]\nlabel = "fraud"'),
]
OTHER = [
    TEXT.replace("small", "other"),
    'settle = "3s"\n' + TEXT,
    "window_events = 8\n" + TEXT,
    HEAD + RATE + COUNT,
    HEAD + COUNT,
    TEXT.replace('"1h", "1d"', '"1d", "1h"'),
    TEXT.replace('"1h"', '"2h"'),
    TEXT.replace('"2s"', '"1s"'),
    TEXT.replace('"failed"', '"declined"'),
    TEXT.replace('label = "fraud"', 'label = "abuse"'),
    TEXT.replace("fraud_rate", "rate"),
    TEXT.replace('"merchant"', '"device"'),
]


def test_the_version_names_the_definitions_and_nothing_else() -> None:
    version = parse_feature_set(TEXT, "small.toml").version
    assert version.startswith("small#")
    assert {parse_feature_set(text, "elsewhere.toml").version for text in SAME} == {version}
    versions = [parse_feature_set(text, "small.toml").version for text in OTHER]
    assert len({version, *versions}) == len(OTHER) + 1
