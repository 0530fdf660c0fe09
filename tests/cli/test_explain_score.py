"""`sealwax explain` for an analyst, and for a program, over the shop that Sealwax comes with."""

import json
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest

from contracts.codec import encode_event, encode_label
from contracts.decisions import Versions
from contracts.events import Event, Label, Position
from dataflows.features import load_feature_set
from dataflows.offline import replay
from dataflows.policies import load_policy
from dataflows.request import DEFAULTS
from dataflows.simulator.shop import Occurrence, Shop, ShopSettings
from models.checkpoint import load_checkpoint
from models.checkpoint_files import sha256
from operators.policy import PolicyEngine
from tests.cli.running import Outcome, Sealwax
from tests.flow.harness import write_lines

SHOP = list(Shop(ShopSettings(60, 8, 4, abuse=0.1)).stream())
EVENTS: list[Event] = [one.event for one in SHOP if isinstance(one, Occurrence)]
LABELS = [one for one in SHOP if isinstance(one, Label)]
ABUSIVE = [one.event for one in SHOP if isinstance(one, Occurrence) and one.scenario == "card_testing"]
NAMED = ABUSIVE[-1]


@pytest.fixture
def explain(sealwax: Sealwax, tmp_path: Path) -> Any:
    write_lines(tmp_path / "transactions.jsonl", ((b"", encode_event(event)) for event in EVENTS))
    write_lines(tmp_path / "labels.jsonl", ((b"", encode_label(label)) for label in LABELS))

    def run(event_id: str, *options: str) -> Outcome:
        return sealwax("explain", event_id, "--source", tmp_path, *options)

    return run


def test_an_analyst_reads_why(explain: Any) -> None:
    shown = explain(NAMED.event_id)
    assert (shown.status, shown.err.strip()) == (0, "")
    first, score, *rest = shown.out.splitlines()
    assert first.startswith(f"{NAMED.event_id}: payment of user {NAMED.user_id}, ")
    assert score.startswith("score 0.")
    for heading in ("Rules that hold", "What moved the score, in log-odds", "Otherwise, scored again"):
        assert heading in rest
    assert "█" in shown.out
    assert "; usual is " in shown.out
    assert "together" in shown.out


def test_a_program_reads_what_the_flow_would_have_said(explain: Any) -> None:
    told = json.loads(explain(NAMED.event_id, "--json").out)
    features = load_feature_set(DEFAULTS / "shop-features.toml")
    scorer = load_checkpoint(DEFAULTS / "shop-checkpoint", features.names, features.window_events)
    given = next(given for event, given in replay(EVENTS, LABELS, features) if event.event_id == NAMED.event_id)
    assert told["score"] == pytest.approx(scorer.score([given])[0], abs=1e-5)
    assert told["versions"]["model"] == scorer.version
    assert told["user_id"] == NAMED.user_id
    moved = told["moved"]
    assert [abs(one["log_odds"]) for one in moved] == sorted((abs(one["log_odds"]) for one in moved), reverse=True)
    raising = [one["code"] for one in moved if one["log_odds"] >= 0.1][:3]
    assert [one["without"] for one in told["otherwise"]] == [*([code] for code in raising), raising]
    alone = {one["code"]: one["score_without"] for one in moved}
    for one in told["otherwise"][:-1]:
        assert one["score"] == pytest.approx(alone[one["without"][0]], abs=1e-5)
        assert one["score"] < told["score"]
    for one in moved:
        for name, feature in one["features"].items():
            value = given.features[features.names.index(name)]
            assert feature["value"] == (None if value != value else value)


def test_rules_are_those_of_the_user_s_whole_past(explain: Any) -> None:
    """The flow's own operators, one event after another."""
    features = load_feature_set(DEFAULTS / "shop-features.toml")
    scorer = load_checkpoint(DEFAULTS / "shop-checkpoint", features.names, features.window_events)
    engine = PolicyEngine(load_policy(DEFAULTS / "shop-policy.toml"), features.names)
    told = json.loads(explain(NAMED.event_id, "--json").out)
    versions = Versions(scorer.version, engine.policy.version, features.version)
    state, update = None, None
    for event, given in replay(EVENTS, LABELS, features):
        if event.user_id == NAMED.user_id and (update is None or update.event_id != NAMED.event_id):
            (score,) = scorer.score([given])
            decision = engine.decide(state, event, given.features, score, False, Position("", 0, 0), versions)
            state, update = decision.state, decision.update
    assert update is not None
    assert told["rules"] == [reason.code for reason in update.reasons]
    assert (told["level"], told["user_risk"]) == (update.level, pytest.approx(update.user_risk, abs=1e-5))


@pytest.mark.parametrize(
    ("event_id", "options", "said"),
    [
        ("nobody-s", (), "EVENT_ID: no event nobody-s in /"),
        (NAMED.event_id, ("--user", "u-0"), f"EVENT_ID: no event {NAMED.event_id} of the user u-0 in /"),
        (NAMED.event_id, ("--checkpoint", "fake"), 'scoring.checkpoint: "fake" has nothing to explain'),
        (NAMED.event_id, ("--checkpoint", "none"), 'scoring.checkpoint: "none" has nothing to explain'),
        (NAMED.event_id, ("--checkpoint", "nowhere"), "nowhere: there is no such checkpoint"),
    ],
)
def test_what_cannot_be_explained_is_told(explain: Any, event_id: str, options: tuple[str, ...], said: str) -> None:
    refused = explain(event_id, *options)
    assert refused.status == 2
    assert refused.out == ""
    assert said in refused.err


def test_a_checkpoint_that_has_not_learnt_what_is_usual(explain: Any, tmp_path: Path) -> None:
    old = tmp_path / "old"
    copytree(DEFAULTS / "shop-checkpoint", old)
    encoder = json.loads((old / "encoder.json").read_bytes())
    del encoder["usual"]
    (old / "encoder.json").write_text(json.dumps(encoder))
    refused = explain(NAMED.event_id, "--checkpoint", str(old))
    assert (refused.status, "is damaged" in refused.err) == (2, True)
    config = json.loads((old / "config.json").read_bytes())
    config["sha256"]["encoder.json"] = sha256((old / "encoder.json").read_bytes())
    (old / "config.json").write_text(json.dumps(config))
    refused = explain(NAMED.event_id, "--checkpoint", str(old))
    assert (refused.status, "has not learnt what is usual" in refused.err) == (2, True)
