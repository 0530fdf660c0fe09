"""The policies that Sealwax comes with fit their feature sets, and the documented one does what its page says."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import nan
from pathlib import Path

import pytest

from contracts.decisions import Versions
from contracts.events import EVENT_TYPES, Event, Position
from dataflows.features import load_feature_set
from dataflows.policies import load_policy
from dataflows.policy_testing.report import run_tests
from operators.policy import Decision, Policy, PolicyEngine, PolicyError, UserRisk, parse_policy
from operators.policy.names import KINDS
from tests.policy.moments import taken

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/policies.md").read_text(encoding="utf-8")
TIME = 1_700_000_000_000
Features = Mapping[str, float]
NOTHING: Features = {}


@dataclass(frozen=True)
class Judge:
    """A policy over a feature set, with features given by name."""

    policy: Policy
    names: tuple[str, ...]

    def decide(
        self, event: Event, score: float | None, features: Features = NOTHING, state: UserRisk | None = None
    ) -> Decision:
        assert features.keys() <= set(self.names)
        values = tuple(features.get(name, nan) for name in self.names)
        engine = PolicyEngine(self.policy, self.names)
        return engine.decide(state, event, values, score, False, Position("t", 0, 0), Versions("m", "p", "f"))

    def outcome(self, event: Event, score: float | None, features: Features = NOTHING) -> list[tuple[str, str]]:
        return [(action.action, action.cause) for action in taken(self.decide(event, score, features))]


def documented() -> Policy:
    example, *_ = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    return parse_policy(example, "policies.md", {"blocked.txt": "mallory\n"}.__getitem__)


def shipped(policy: str, features: str) -> Judge:
    return Judge(load_policy(ROOT / policy), load_feature_set(ROOT / features).names)


SHOP = shipped("dataflows/defaults/shop-policy.toml", "dataflows/defaults/shop-features.toml")
FDH = shipped("docs/examples/fdh-policy.toml", "docs/examples/fdh-features.toml")
PAGES = Judge(documented(), SHOP.names)


def event(event_type: str = "payment", user: str = "carol", amount: float | None = 50.0) -> Event:
    return Event("e1", event_type, TIME, user, "o1", None if amount is None else round(amount * 10_000))


@pytest.mark.parametrize("judge", [SHOP, FDH, PAGES], ids=["shop", "fdh", "page"])
@pytest.mark.parametrize("event_type", EVENT_TYPES)
def test_a_low_score_alone_gives_no_action(judge: Judge, event_type: str) -> None:
    decision = judge.decide(event(event_type), 0.01)
    assert (decision.update.reasons, decision.judgment, decision.state) == ((), None, None)


@pytest.mark.parametrize("judge", [SHOP, FDH, PAGES], ids=["shop", "fdh", "page"])
def test_a_payment_that_is_surely_fraud_is_held(judge: Judge) -> None:
    (action,) = taken(judge.decide(event(), 0.99))
    assert (action.action, action.expires_at) == ("hold_order", TIME + 86_400_000)


@pytest.mark.parametrize("judge", [SHOP, FDH, PAGES], ids=["shop", "fdh", "page"])
def test_a_large_payment_without_a_score_is_reviewed(judge: Judge) -> None:
    assert [action for action, _ in judge.outcome(event(amount=800.0), None)] == ["review"]
    assert judge.outcome(event(amount=20.0), None) == []


@pytest.mark.parametrize("policy", ["dataflows/defaults/shop-policy.toml", "docs/examples/fdh-policy.toml"])
def test_the_tests_beside_a_policy_pass_and_see_every_rule(policy: str) -> None:
    report = run_tests(ROOT / policy, None)
    assert {outcome.name: outcome.differences for outcome in report.outcomes if outcome.differences} == {}
    assert report.never_held == []


@pytest.mark.parametrize(
    ("given", "score", "features", "expected"),
    [
        (event(user="alice"), 0.9, {}, []),
        (event(user="alice"), 0.95, {}, [("hold_order", "likely-fraud")]),
        (event(user="mallory"), None, {}, [("block", "blocked")]),
        (event(amount=301.0), 0.5, {"user_amount_mean_30d": 100.0}, [("hold_order", "likely-fraud")]),
        (event(amount=301.0), 0.5, {}, []),
        (event(amount=None), 0.5, {"user_amount_mean_30d": 100.0}, []),
        (event("login"), 0.99, {}, []),
    ],
)
def test_the_documented_policy(
    given: Event, score: float | None, features: dict[str, float], expected: list[tuple[str, str]]
) -> None:
    assert PAGES.outcome(given, score, features) == expected


def test_the_documented_risk() -> None:
    once = PAGES.decide(event(), 0.8).state
    twice = PAGES.decide(event(), 0.8, state=once).state
    assert once is not None
    assert twice is not None
    assert [(one.risk, one.at) for one in (once, twice)] == [(0.4, TIME), (0.64, TIME)]
    assert PAGES.policy.user_risk.present(twice, TIME + 86_400_000) == 0.32


def test_the_documented_mistake() -> None:
    *_, error = re.findall(r"```\n(shop-policy.toml: rule.*?)```", PAGE, re.DOTALL)
    condition = error.splitlines()[1].strip()
    good = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)[0].replace('{ file = "blocked.txt" }', "[]")
    wrong = re.sub(r'when = "score >= 0.9 .*"', f'when = "{condition}"', good)
    with pytest.raises(PolicyError) as caught:
        parse_policy(wrong, "shop-policy.toml", {"": ""}.__getitem__)
    assert f"{caught.value}\n" == error


@pytest.mark.parametrize("path", KINDS)
def test_the_page_names_all_that_a_condition_may(path: str) -> None:
    assert f"`{path}`" in PAGE or f"`{path.removeprefix('event.')}`" in PAGE
