"""What is explained is what the engine decides."""

from math import isnan

from hypothesis import given

from contracts.decisions import Versions
from contracts.events import Position
from operators.policy import PolicyEngine
from operators.policy.explanation import RuleExplanation, explain_rules
from operators.policy.reading import Moment as Read
from tests.policy import moments as made
from tests.policy.files import HEAD, RULES, parsed
from tests.policy.oracle import said
from tests.policy.test_policy_file import SEGMENTS
from tests.policy.trees import moments

POLICY = parsed(
    f"""{HEAD}{SEGMENTS.replace("feature.user_age", "feature.user_count_1d")}{RULES}
[[rules]]
id = "cut"
segments = ["c2c", "new"]
when = "score >= by_segment.cutoff || !(event.country == 'DE' && has(event.amount))"
action = "step_up"
reason = "Above the cutoff."

[[rules]]
id = "fine"
when = "score < 0.2"
action = "release"
reason = "Fine."
"""
)
ENGINE = PolicyEngine(POLICY, made.FEATURES)


def explained(moment: made.Moment) -> list[RuleExplanation]:
    score = None if isnan(moment.score) else min(moment.score, 1.0)
    decision = ENGINE.decide(
        None, moment.event, moment.features, score, moment.late, Position("t", 0, 0), Versions("m", "p", "f")
    )
    features = dict(zip(made.FEATURES, moment.features, strict=True))
    update = decision.update
    read = Read(moment.event, score, update.user_risk, update.level, moment.late, features)
    found = explain_rules(POLICY, read)
    assert {one.rule.id for one in found if one.holds is True and one.rule.action != "release"} == {
        reason.code for reason in update.reasons
    }
    deciding = [one.rule.id for one in found if one.part == "decides"]
    assert deciding == [reason.code for reason in update.reasons if _acts(reason.code)][:1]
    return found


def _acts(rule_id: str) -> bool:
    return next(rule.action for rule in POLICY.rules if rule.id == rule_id) is not None


@given(moments)
def test_an_explanation_agrees_with_the_engine(moment: made.Moment) -> None:
    for one in explained(moment):
        assert (one.by != "") is (one.part == "shadowed")


def test_each_test_tells_what_it_has_seen() -> None:
    (cut,) = [one for one in explain_rules(POLICY, said(made.Moment(score=0.7))) if one.rule.id == "cut"]
    assert (cut.holds, cut.part) == (None, "not met")
    assert [(seen.text, seen.holds, dict(seen.values)) for seen in cut.tests] == [
        ("segment.c2c", None, {}),
        ('event.attributes.channel == "c2c"', None, {"event.attributes.channel": None}),
        ("segment.new", None, {}),
        ("feature.user_count_1d < 86400", None, {"feature.user_count_1d": None}),
        ("score >= by_segment.cutoff", False, {"score": 0.7, "by_segment.cutoff": 0.8}),
        ('event.country == "DE"', None, {"event.country": None}),
        ("has(event.amount)", False, {"event.amount": None}),
    ]
