"""`sealwax policy`."""

from pathlib import Path

import pytest

from tests.cli.running import Sealwax
from tests.policy.files import HEAD, RULES

ROOT = Path(__file__).parents[2]
SHOP = ROOT / "dataflows/defaults/shop-policy.toml", ROOT / "dataflows/defaults/shop-features.toml"
FDH = ROOT / "docs/examples/fdh-policy.toml", ROOT / "docs/examples/fdh-features.toml"


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    path = tmp_path / "small.toml"
    path.write_text(HEAD + RULES)
    return path


@pytest.mark.parametrize(("policy", "features"), [SHOP, FDH])
def test_the_shipped_policies_are_sound(policy: Path, features: Path, sealwax: Sealwax) -> None:
    ended = sealwax("policy", "check", policy, "--features", features)
    assert (ended.status, ended.err) == (0, "")
    assert "warning" not in ended.out


def test_a_check_shows_what_is_in_a_policy(policy: Path, sealwax: Sealwax) -> None:
    shown = sealwax("policy", "check", policy).out
    assert "small@3#" in shown
    assert "low from 0, elevated from 0.3, high from 0.6; without new evidence the risk halves in 1d" in shown
    assert "trusted (1), blocked (2)" in shown
    lines = [" ".join(line.split()) for line in shown.splitlines()]
    assert "login trusted > blocked > unscored > unusual" in lines


def test_every_wrong_rule_of_every_file_is_told(policy: Path, sealwax: Sealwax) -> None:
    wrong = policy.with_name("wrong.toml")
    wrong.write_text(HEAD + RULES.replace("score < 0.95", "scoer < 0.95").replace("level == 'high'", "level == 'hihg'"))
    ended = sealwax("policy", "check", wrong, policy, policy.with_name("none.toml"))
    assert ended.status == 2
    assert 'wrong.toml: rule "trusted": when, column 35: unknown name `scoer`; did you mean score?' in ended.err
    assert 'wrong.toml: rule "unusual": when, column 43: level is never ' in ended.err
    assert "none.toml: can't be read" in ended.err
    assert "small@3#" in ended.out


def test_features_are_checked_where_the_set_is_named(sealwax: Sealwax) -> None:
    assert "6 named, not checked" in sealwax("policy", "check", FDH[0]).out
    ended = sealwax("policy", "check", FDH[0], "--features", SHOP[1])
    assert ended.status == 2
    assert "unknown feature 'merchant_count_7d'; did you mean" in ended.err


def test_a_check_warns(policy: Path, sealwax: Sealwax) -> None:
    policy.write_text(HEAD + RULES.replace("score >= 0.9", "score >= 1.9"))
    ended = sealwax("policy", "check", policy)
    assert ended.status == 0
    assert 'warning: rule "likely": never holds: no event can be so' in ended.out
