"""`sealwax policy test`."""

import re
from pathlib import Path

import pytest

from tests.cli.running import Sealwax
from tests.policy.files import HEAD, RULES

GOOD = """
[[case]]
name = "a friend may pay much"
event = { event_type = "payment", user_id = "alice", amount = 200 }
score = 0.94
expect = { action = "allow", rule = "trusted", reasons = ["trusted", "noted", "likely", "unusual"], level = "elevated" }

[[case]]
name = "a stranger may not"
event = { event_type = "payment", user_id = "alice", amount = 200 }
score = 0.94
lists = { trusted = [] }
expect = { action = "hold_order", expires = "24h", user_risk = 0.47 }

[[case]]
name = "nor one who was risky before"
event = { event_type = "payment" }
score = 0.3
user_risk = 0.6
expect = { action = "step_up", rule = "unusual", level = "high" }

[[case]]
name = "while the scorer is away"
event = { event_type = "payment", amount = 500 }
expect = { rule = "unscored" }

[[case]]
name = "nobody in particular"
event = { event_type = "login" }
score = 0.1
expect = { action = "none", reasons = [] }

[[case]]
name = "blocked"
event = { event_type = "login", user_id = "mallory" }
score = 0.1
expect = { action = "block" }

[[story]]
name = "a hold is lifted by the bank, a second one by time, a third by a person"
event = { event_type = "payment", order_id = "o1" }

[[story.step]]
at = "0s"
event = {}
score = 0.9
expect = { actions = ["opened hold_order"], level = "elevated", reasons = ["likely", "unusual"] }

[[story.step]]
at = "1h"
label = { event_id = "e1", label = "legitimate" }
expect = { actions = ["released hold_order"] }

[[story.step]]
at = "2h"
event = { order_id = "o2" }
score = 0.9
expect = { actions = ["opened hold_order by likely"] }

[[story.step]]
at = "27h"
decision = { verdict = "release", order_id = "o2" }
expect = { actions = ["expired hold_order by likely"] }

[[story.step]]
at = "28h"
event = { order_id = "o3", event_id = "third" }
score = 0.9
expect = { actions = ["opened hold_order"] }

[[story.step]]
at = "29h"

[story.step.decision]
verdict = "override"
event_id = "third"
action = "limit"
expires = "1d"
limit = { count = 3, per = "1h" }

[story.step.expect]
actions = ["overridden limit"]

[[story.step]]
at = "100h"
expect = { actions = ["expired limit"] }
"""


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    path = tmp_path / "small.toml"
    path.write_text(HEAD + RULES)
    return path


def written(policy: Path, text: str) -> Path:
    policy.with_suffix(".test.toml").write_text(text)
    return policy


def test_good_tests_pass_and_tell_what_they_have_seen(policy: Path, sealwax: Sealwax) -> None:
    ended = sealwax("policy", "test", written(policy, GOOD), "--every-rule")
    assert (ended.status, ended.err) == (0, "")
    assert "  pass  a friend may pay much\n" in ended.out
    assert "6 of 6 rules held in some test\n7 passed, 0 failed\n" in ended.out


def test_a_wrong_case_is_told_with_what_came(policy: Path, sealwax: Sealwax) -> None:
    text = GOOD.replace('"24h", user_risk = 0.47', '"12h", rule = "unusual", user_risk = 0.5')
    ended = sealwax("policy", "test", written(policy, text))
    assert ended.status == 1
    assert (
        """\
  FAIL  a stranger may not
          rule: expected unusual, got likely
          expires: expected 12h, got 1d
          user_risk: expected 0.5, got 0.47
"""
        in ended.out
    )
    assert "6 passed, 1 failed" in ended.out


def test_a_wrong_step_is_told_with_its_time(policy: Path, sealwax: Sealwax) -> None:
    text = GOOD.replace('["expired hold_order by likely"]', '["released hold_order"]')
    ended = sealwax("policy", "test", written(policy, text.replace('["expired limit"]', "[]")))
    assert ended.status == 1
    assert "          27h: actions: expected released hold_order, got expired hold_order by likely\n" in ended.out
    assert "          100h: actions: expected none, got expired limit by likely\n" in ended.out


def test_rules_that_no_test_has_made_hold_are_named(policy: Path, sealwax: Sealwax) -> None:
    text = GOOD[: GOOD.index("[[story]]")].replace('"mallory"', '"miller"').replace('"block"', '"none"')
    ended = sealwax("policy", "test", written(policy, text))
    assert (ended.status, "5 of 6 rules held in some test; never: blocked\n" in ended.out) == (0, True)
    assert sealwax("policy", "test", policy, "--every-rule").status == 1


@pytest.mark.parametrize(
    ("right", "wrong", "says"),
    [
        (
            "score = 0.3\n",
            "scoer = 0.3\n",
            'case "nor one who was risky before": scoer: unknown field; did you mean score?',
        ),
        ("user_risk = 0.6", "user_risk = 6", 'case "nor one who was risky before": user_risk: '),
        ('"a stranger may not"', '"blocked"', 'the name "blocked" is used twice'),
        ('action = "block"', 'action = "blokc"', 'case "blocked": expect: action: '),
        ('rule = "unscored"', 'rule = "unscord"', "the policy has no rule 'unscord'; did you mean unscored?"),
        ("trusted = []", "trustd = []", "unknown list 'trustd'; did you mean trusted?"),
        ("user_risk = 0.6", "features = { age = 3 }", "unknown feature 'age'; "),
        ('event_type = "login" }', 'event_type = "logon" }', 'case "nobody in particular": event: event_type: '),
        ('event_type = "login" }', 'event_type = "login", event_time = 1 }', "event_time: leave it out"),
        ('expect = { action = "block" }', "expect = {}", 'case "blocked": expect: nothing is expected'),
        ('at = "1h"', 'at = "0s"', "step: each must be later than the one before"),
        ('at = "1h"', 'at = "1 hour"', "step 2: at: '1 hour' is no duration"),
        ('at = "1h"', 'at = "1h"\nscore = 0.5', "step 2: score, features and late go with an event"),
        ('at = "1h"', 'at = "1h"\nevent = {}', "step 2: has more than one of event, label and decision"),
        ('label = "legitimate"', 'label = "fine"', "step 2: label: label: "),
        ('event_id = "third"\naction', 'event_id = "e9"\naction', "no action was taken on an event 'e9' so far"),
        ('limit = { count = 3, per = "1h" }\n', "", "decision: limit: goes with the action limit"),
        ("[[story]]", "[[story]", "not valid TOML"),
    ],
)
def test_mistakes_name_the_test_and_the_field(
    right: str, wrong: str, says: str, policy: Path, sealwax: Sealwax
) -> None:
    assert right in GOOD
    ended = sealwax("policy", "test", written(policy, GOOD.replace(right, wrong)))
    assert ended.status == 2
    assert says in ended.err


def test_thresholds_may_stand_elsewhere(policy: Path, sealwax: Sealwax) -> None:
    policy.write_text(
        HEAD + "[thresholds.hold]\nstart = 0.9\nmin = 0.5\n" + RULES.replace("score >= 0.9", "score >= threshold.hold")
    )
    case = """
[[case]]
name = "held from less"
event = { event_type = "payment" }
score = 0.6
thresholds = { hold = 0.6 }
expect = { rule = "likely" }
"""
    assert sealwax("policy", "test", written(policy, case)).status == 0
    assert sealwax("policy", "test", written(policy, case.replace("thresholds", "# "))).status == 1
    ended = sealwax("policy", "test", written(policy, case.replace("hold = 0.6", "hold = 0.4")))
    assert 'case "held from less": ' in ended.err
    assert "must lie between min (0.5) and max (1.0)" in ended.err
    assert "hold: from 0.9, between 0.5 and 1, moved by people alone" in sealwax("policy", "check", policy).out


def test_tests_must_be_there(policy: Path, sealwax: Sealwax) -> None:
    ended = sealwax("policy", "test", policy)
    assert (ended.status, "small.test.toml: can't be read" in ended.err) == (2, True)


def test_the_documented_tests_pass(tmp_path: Path, sealwax: Sealwax) -> None:
    root = Path(__file__).parents[2]
    for name in ("shop-policy.toml", "shop-features.toml"):
        (tmp_path / name).write_text((root / "dataflows/defaults" / name).read_text())
    *_, example = re.findall(r"```toml\n(.*?)```", (root / "docs/policies.md").read_text(), re.DOTALL)
    ended = sealwax("policy", "test", written(tmp_path / "shop-policy.toml", example))
    assert (ended.status, "2 passed, 0 failed" in ended.out) == (0, True)
