"""What a policy's file may say, and what is told where it may not."""

import pytest

from operators.policy import PolicyEngine, PolicyError
from tests.policy.files import HEAD, RULES, parsed

TEXT = HEAD + RULES


def with_rule(fields: str) -> str:
    return TEXT + f'[[rules]]\nid = "new"\nreason = "New."\n{fields}'


def test_reads_what_it_says() -> None:
    policy = parsed(TEXT)
    assert policy.levels == (("low", 0.0), ("elevated", 0.3), ("high", 0.6))
    assert (policy.user_risk.half_life, policy.user_risk.weight, policy.user_risk.floor) == (86_400_000, 0.5, 0.2)
    assert policy.fallback_score == 0.05
    assert [rule.id for rule in policy.rules] == ["trusted", "noted", "blocked", "likely", "unscored", "unusual"]
    assert [rule.action for rule in policy.rules] == ["allow", None, "block", "hold_order", "review", "step_up"]
    assert [rule.recorded for rule in policy.rules] == [False, False, True, True, True, True]
    assert [rule.expires for rule in policy.rules] == [None, None, None, 86_400_000, 5_400_000, None]
    assert policy.rules[3].events == ("payment",)
    assert "login" in policy.rules[0].events


CASES = [
    (TEXT.replace("[levels]", "[levels"), "not valid TOML: ", "(at line 5"),
    (TEXT.replace('name = "small"', ""), "name: Field required", ""),
    (TEXT.replace('version = "3"', "version = 3"), "version: Input should be a valid string", ""),
    (TEXT.replace("low = 0.0", "low = 0.1"), "levels: the first must begin at 0.0", ""),
    (TEXT.replace("high = 0.6", "high = 0.3"), "levels: the first must begin", "above the one before it"),
    (TEXT.replace("high = 0.6", "High = 0.6"), "levels: High", "pattern"),
    (TEXT.replace("high = 0.6", "high = 1.6"), "levels: high: ", "less than or equal to 1"),
    (TEXT.replace('half_life = "1d"', 'half_life = "1 day"'), "user_risk: half_life: '1 day' is no duration", '"7d"'),
    (TEXT.replace('half_life = "1d"', 'half_life = "0d"'), "user_risk: half_life: must be longer than 0", ""),
    (TEXT.replace("weight = 0.5", "weight = 0"), "user_risk: weight: ", "greater than 0"),
    (TEXT.replace("floor = 0.2", "flor = 0.2"), "user_risk: flor: unknown field; did you mean floor?", "floor: Field"),
    (TEXT.replace("score = 0.05", 'score = "low"'), "fallback: score: ", "valid number"),
    (TEXT.replace("[lists]", "[listes]"), "listes: unknown field; did you mean lists?", ""),
    (TEXT.replace('["alice"]', '["alice", 5]'), "lists: trusted: values: 1: ", "valid string"),
    (TEXT.replace('["alice"]', '{ fiel = "a.txt" }'), "fiel: unknown field; did you mean file?", ""),
    (TEXT.replace('id = "likely"', 'id = "noted"'), 'the id "noted" is used twice', ""),
    (TEXT.replace('id = "likely"', ""), "rule 4: id: Field required", ""),
    (with_rule('when = "true"\nacton = "block"'), 'rule "new": acton: unknown field; did you mean action?', ""),
    (with_rule('when = "true"\naction = "hold"'), 'rule "new": action: ', "'hold_order'"),
    (with_rule('when = "true"\nevents = ["payments"]'), 'rule "new": events: 0: ', "'payment'"),
    (with_rule('when = "true"\nevents = []'), 'rule "new": events: ', "at least 1"),
    (with_rule('when = "true"\naction = "review"'), 'rule "new": expires: a review must end', 'expires = "24h"'),
    (with_rule('when = "true"\naction = "hold_order"'), 'rule "new": expires: a hold_order must end', ""),
    (
        with_rule('when = "true"\naction = "limit"\nexpires = "1d"'),
        'rule "new": limit: goes with action = "limit"',
        "per =",
    ),
    (
        with_rule('when = "true"\naction = "limit"\nexpires = "1d"\nlimit = { amount = 5, count = 3, per = "1d" }'),
        'rule "new": limit: must have either an amount or a count',
        "",
    ),
    (
        with_rule('when = "true"\naction = "limit"\nexpires = "1d"\nlimit = { amont = 5, per = "1d" }'),
        'rule "new": limit: amont: unknown field; did you mean amount?',
        "",
    ),
    (
        with_rule('when = "true"\naction = "block"\nlimit = { count = 3, per = "1d" }'),
        'rule "new": limit: goes with action = "limit"',
        "",
    ),
    (
        with_rule('when = "true"\naction = "hide_review"\nexpires = "1d"'),
        'rule "new": events: hide_review is on events of one type: write events = ["review"]',
        "",
    ),
    (
        with_rule('when = "true"\nevents = ["refund", "payment"]\naction = "delay_refund"\nexpires = "1d"'),
        'rule "new": events: delay_refund is on events of one type: write events = ["refund"]',
        "",
    ),
    (with_rule('when = "true"\naction = "allow"\nexpires = "1h"'), 'rule "new": expires: this rule opens nothing', ""),
    (with_rule('when = "true"\nrecord = true'), 'rule "new": record: only for action = "allow"', ""),
    (with_rule('when = "scoer > 1"'), 'rule "new": when, column 1: unknown name `scoer`; did you mean score?', ""),
    (with_rule('when = "late &&\\nscoer > 1"'), 'rule "new": when, line 2, column 1: ', "\n    scoer > 1\n    ^"),
]


SEGMENTS = """
[attributes]
channel = "text"

[segments]
c2c = "event.attributes.channel == 'c2c'"
new = "feature.user_age < 86400"

[by_segment]
cutoff = { c2c = 0.5, new = 0.6, otherwise = 0.8 }

"""
SEGMENTED = TEXT.replace("[lists]", f"{SEGMENTS}[lists]")
CASES += [
    (SEGMENTED.replace('"text"', '"word"'), "attributes: channel: ", "'text'"),
    (SEGMENTED.replace(", otherwise = 0.8", ""), "by_segment: cutoff: otherwise: missing", ""),
    (SEGMENTED.replace("new = 0.6", "knew = 0.6"), 'by_segment: cutoff: unknown segment "knew"; did you mean new?', ""),
    (SEGMENTED.replace("attributes.channel", "attributes.chanel"), 'segment "c2c", column 1: unknown attribute', "^"),
    (SEGMENTED.replace("feature.user_age < 86400", "segment.c2c"), 'segment "new", column 1: unknown name', "^"),
    (
        SEGMENTED + with_rule('when = "true"\nsegments = ["c2b"]').removeprefix(TEXT),
        'rule "new": segments: unknown segment "c2b"; did you mean c2c?',
        "",
    ),
    (with_rule("when = \"event.attributes.channel == 'a'\""), "unknown attribute", "declare it: [attributes] channel"),
]


@pytest.mark.parametrize(("text", "start", "more"), CASES)
def test_is_refused_with_file_rule_and_field(text: str, start: str, more: str) -> None:
    with pytest.raises(PolicyError) as caught:
        parsed(text)
    assert all(line.startswith(("small.toml: ", "    ")) for line in str(caught.value).splitlines())
    assert start in str(caught.value)
    assert more in str(caught.value)


def test_an_unknown_feature_is_named_with_the_closest_one() -> None:
    policy = parsed(with_rule('when = "score > 0.5 && feature.user_cuont_1d > 3"'))
    PolicyEngine(policy, ("user_cuont_1d",))
    with pytest.raises(PolicyError) as caught:
        PolicyEngine(policy, ("amount", "user_count_1d"))
    assert str(caught.value).splitlines() == [
        "small.toml: rule \"new\": when, column 16: unknown feature 'user_cuont_1d'; did you mean user_count_1d?",
        "    score > 0.5 && feature.user_cuont_1d > 3",
        "                   ^",
    ]


def test_a_list_may_lie_in_a_file() -> None:
    listed = parsed(
        TEXT.replace('["alice"]', '{ file = "trusted.txt" }'), {"trusted.txt": "# ours\nalice \n\n bob\r\n"}
    )
    written = parsed(TEXT.replace('["alice"]', '["bob", "alice"]'))
    assert listed.rules[0].condition.tree == written.rules[0].condition.tree
    assert listed.version == written.version


VERSION = "small@3#"
SAME = [
    TEXT.replace("low = 0.0", "low = 0"),
    TEXT.replace('["mallory", "trudy"]', '["trudy", "mallory", "trudy"]'),
    TEXT.replace("score >= 0.9", "  score>=0.9 "),
    TEXT.replace('half_life = "1d"', 'half_life = "24h"'),
    "# a comment\n" + TEXT,
]
OTHER = [
    TEXT.replace("high = 0.6", "high = 0.7"),
    TEXT.replace('"trudy"', '"eve"'),
    TEXT.replace("score >= 0.9", "score > 0.9"),
    TEXT.replace('expires = "90m"', 'expires = "91m"'),
    TEXT.replace("The user is blocked.", "The user was blocked."),
    TEXT.replace("weight = 0.5", "weight = 0.6"),
    HEAD + "[[rules]]".join(["", *reversed(RULES.split("[[rules]]")[1:])]),
]


def test_the_version_names_the_content() -> None:
    version = parsed(TEXT).version
    assert version.startswith(VERSION)
    assert len(version) == len(VERSION) + 8
    assert {parsed(text).version for text in SAME} == {version}
    versions = [parsed(text).version for text in OTHER]
    assert len({version, *versions}) == len(OTHER) + 1
    assert parsed(TEXT.replace('version = "3"', 'version = "4"')).version == version.replace("@3#", "@4#")
