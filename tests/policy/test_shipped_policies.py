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


def test_the_shop_holds_a_taken_over_account() -> None:
    taken_over = {"user_age": 90 * 86_400.0, "user_same_device_30d": 3.0, "user_login_failed_gap": 600.0}
    assert SHOP.outcome(event(), 0.35, taken_over) == [("hold_order", "account-takeover")]
    assert SHOP.outcome(event(), 0.35, taken_over | {"user_login_failed_gap": 86_400.0}) == []
    assert SHOP.outcome(event(), 0.35, taken_over | {"user_same_device_30d": 40.0}) == []


@pytest.mark.parametrize(
    ("given", "features", "expected"),
    [
        ("payment", {"device_declined_count_1d": 2.0, "device_card_count_1d": 3.0}, ("block", "card-testing")),
        ("payment", {"user_age": 3_600.0, "device_user_count_7d": 3.0}, ("hold_order", "new-account-ring")),
        ("refund", {"user_refund_count_30d": 3.0, "user_refunds_per_payment": 0.5}, ("review", "refund-abuse")),
        ("review", {"device_user_count_7d": 4.0}, ("review", "bought-reviews")),
        (
            "ad_click",
            {"user_same_merchant_click_count_1d": 3.0, "merchant_click_count_1h": 5.0},
            ("block", "click-fraud"),
        ),
    ],
)
def test_the_shop_acts_on_what_needs_no_high_score(
    given: str, features: dict[str, float], expected: tuple[str, str]
) -> None:
    assert SHOP.outcome(event(given), 0.25, features) == [expected]
    assert SHOP.outcome(event(given), 0.25, dict.fromkeys(features, 0.0)) == []


def test_the_handbooks_policy_holds_at_compromised_terminals() -> None:
    held = [("hold_order", "compromised-terminal")]
    assert FDH.outcome(event(), 0.01, {"merchant_fraud_rate_7d": 0.8, "merchant_count_7d": 5.0}) == held
    assert FDH.outcome(event(), 0.01, {"merchant_fraud_rate_7d": 0.8, "merchant_count_7d": 2.0}) == []


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
