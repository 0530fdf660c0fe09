"""`sealwax policy`."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from contracts.codec import encode_event
from contracts.decisions import RiskUpdate, Versions, encode_risk_update
from contracts.events import Event, Position
from tests.cli.running import Sealwax
from tests.flow.harness import write_lines
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


EVENT = Event("p-17", "payment", 1_750_000_000_000, "mallory", "o1", 6_000_000)
GIVEN: dict[str, Any] = {"event": json.loads(encode_event(EVENT)), "score": 0.92, "features": {}}


@pytest.fixture
def given(tmp_path: Path) -> Path:
    path = tmp_path / "given.json"
    path.write_text(json.dumps(GIVEN))
    return path


def rows(text: str) -> list[str]:
    """Without the spaces that align columns."""
    return [" ".join(line.split()) for line in text.splitlines() if line.strip()]


def test_an_explanation_tells_of_each_rule_and_which_one_decides(policy: Path, given: Path, sealwax: Sealwax) -> None:
    shown = sealwax("policy", "explain", policy, "--given", given)
    assert (shown.status, shown.err) == (0, "")
    found = rows(shown.out)
    assert found[0] == "p-17: payment of user mallory, 2025-06-15T15:06:40.000Z"
    assert found[1].startswith("score 0.92, user risk 0.46 (elevated); policy small@3#")
    for row in (
        'event.user_id in lists.trusted no event.user_id = "mallory"',
        "noted yes gives its reason",
        "blocked yes decides: block",
        "likely yes would hold_order, but blocked above it decides",
        "score >= 0.9 yes score = 0.92",
        "blocked decides: block. The user is blocked.",
    ):
        assert row in found


def test_an_explanation_for_programs(policy: Path, given: Path, sealwax: Sealwax) -> None:
    given.write_text(json.dumps(GIVEN | {"score": None, "user_risk": 0.7}))
    told = json.loads(sealwax("policy", "explain", policy, "--given", given, "--json").out)
    unscored = next(rule for rule in told["rules"] if rule["id"] == "unscored")
    assert (unscored["holds"], unscored["part"], unscored["by"]) == (True, "shadowed", "blocked")
    unusual = next(rule for rule in told["rules"] if rule["id"] == "unusual")
    assert unusual["tests"][0] == {"test": "score >= 0.5", "holds": None, "values": {"score": None}}
    assert unusual["tests"][2] == {"test": 'level == "high"', "holds": True, "values": {"level": "high"}}


def test_an_event_of_the_logs_is_explained_by_its_update(policy: Path, tmp_path: Path, sealwax: Sealwax) -> None:
    policy.write_text(HEAD + RULES.replace("level == 'high'", "feature.user_count_1d > 3"))
    place, versions = Position("t", 0, 0), Versions("m", "p", "f")
    update = RiskUpdate("p-17", "payment", "ann", EVENT.event_time, 0.3, 0.1, "low", (), False, False, versions, place)
    update.features = {"user_count_1d": 5.0}
    events = [structs.replace(EVENT, user_id=user) for user in ("ann", "eve")]
    write_lines(tmp_path / "events.jsonl", ((b"", encode_event(event)) for event in events))
    write_lines(tmp_path / "updates.jsonl", [(b"", encode_risk_update(update)[1])])
    logs = ("--events", tmp_path / "events.jsonl", "--updates", tmp_path / "updates.jsonl")
    shown = sealwax("policy", "explain", policy, "p-17", *logs, "--user", "ann")
    assert shown.status == 0
    assert shown.err.strip().startswith("the flow decided by p; this is what small@3#")
    assert "feature.user_count_1d > 3 yes feature.user_count_1d = 5" in rows(shown.out)
    assert "2 users have an event p-17" in sealwax("policy", "explain", policy, "p-17", *logs).err
    assert (
        "no risk update of the event p-17 of the user eve"
        in sealwax("policy", "explain", policy, "p-17", *logs, "--user", "eve").err
    )


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"score": 2}, "given.json: score: Input should be less than or equal to 1"),
        ({"scoer": 0.5}, "given.json: scoer: unknown field; look for a slip of the pen"),
        ({"level": "hihg"}, "given.json: level: the policy has no level 'hihg'; did you mean high?"),
        ({"event": {"event_id": "e"}}, "given.json: event: event_type: Field required"),
    ],
)
def test_a_wrong_given_file_names_the_field(
    change: dict[str, Any], says: str, policy: Path, given: Path, sealwax: Sealwax
) -> None:
    given.write_text(json.dumps(GIVEN | change))
    ended = sealwax("policy", "explain", policy, "--given", given)
    assert (ended.status, says in ended.err) == (2, True)


def test_an_explanation_needs_an_event(policy: Path, given: Path, sealwax: Sealwax) -> None:
    for arguments in ([], ["p-17"], ["p-17", "--given", given], ["--given", given.with_name("none")]):
        assert sealwax("policy", "explain", policy, *arguments).status == 2


def test_features_that_are_not_told_of_are_named(policy: Path, given: Path, sealwax: Sealwax) -> None:
    policy.write_text(HEAD + RULES.replace("level == 'high'", "feature.user_count_1d > 3"))
    shown = sealwax("policy", "explain", policy, "--given", given)
    assert shown.err == "features that nothing tells of, and so missing: user_count_1d\n"


def test_the_documented_explanation(tmp_path: Path, sealwax: Sealwax) -> None:
    page = (ROOT / "docs/policies.md").read_text()
    (example,) = re.findall(r"\$ cat given.json\n(.*?)```", page, re.DOTALL)
    given, _, shown = example.partition("$ sealwax policy explain shop-policy.toml --given given.json\n")
    (tmp_path / "given.json").write_text(given)
    found = rows(sealwax("policy", "explain", SHOP[0], "--given", "given.json").out)
    wanted = rows(shown[: shown.index("$")])
    assert len(wanted) > 8
    assert [row for row in wanted if row != "..." and row not in found] == []
