"""What a policy's writer is warned of."""

from operators.policy.findings import find_doubtful
from tests.policy.files import HEAD, RULES, parsed


def rule(id: str, when: str, action: str | None = "block", events: str = "") -> str:
    return f"""
[[rules]]
id = "{id}"
when = "{when}"
{f'action = "{action}"' if action else ""}
{f"events = {events}" if events else ""}
reason = "Why."
"""


def doubts(*rules: str) -> list[str]:
    return [f"{id}: {text}" for id, text in find_doubtful(parsed(HEAD + "".join(rules)))]


def test_a_good_policy_gives_no_warning() -> None:
    assert doubts(RULES) == []


def test_a_rule_below_a_wider_one_never_decides() -> None:
    assert doubts(rule("wide", "score >= 0.5"), rule("narrow", "score >= 0.9")) == [
        'narrow: never decides: wherever it holds, so does "wide" above it'
    ]
    assert doubts(rule("narrow", "score >= 0.9"), rule("wide", "score >= 0.5")) == []


def test_of_what_only_gives_a_reason_or_releases_nothing_is_hidden() -> None:
    assert doubts(rule("wide", "score >= 0.5", None), rule("narrow", "score >= 0.9")) == []
    assert doubts(rule("wide", "score >= 0.5"), rule("narrow", "score >= 0.9", None)) == []
    assert doubts(rule("wide", "score >= 0.5", "release"), rule("narrow", "score >= 0.9")) == []


def test_the_event_types_count() -> None:
    wide = rule("wide", "score >= 0.5", events="['payment', 'login']")
    assert doubts(wide, rule("narrow", "score >= 0.9", events="['refund']")) == []
    assert doubts(wide, rule("narrow", "score >= 0.9", events="['payment', 'refund']")) == [
        'narrow: never decides on payment events: wherever it holds, so does "wide" above it'
    ]


def test_what_never_or_always_holds_is_told() -> None:
    assert doubts(rule("no", "score > 0.9 && score < 0.2"), rule("yes", "user_risk >= 0")) == [
        "no: never holds: no event can be so",
        "yes: always holds: it looks at nothing that differs",
    ]
