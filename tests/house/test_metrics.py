"""The metrics count what they say, and docs/metrics.md lists every one of them."""

import socket
import urllib.request
from pathlib import Path

import pytest
from prometheus_client import REGISTRY, CollectorRegistry

from contracts.control import ControlChange, EffectiveFrom, encode_accepted, encode_effective
from contracts.decisions import PolicyAction, Reason, RiskUpdate, UserRiskChange, Versions, encode_dead_letter
from contracts.events import Event, Label, ManualDecision, Position
from dataflows import metrics
from dataflows.collectors import BatchHistogram, Watched
from dataflows.connectors.base import OutputRecord
from dataflows.errors import UserError
from dataflows.reading import SourceBatch
from operators.packs import Arrival, Enriched, Ruled
from operators.policy import Decided
from operators.users import UserOutput
from tests.growth import Growth

LIST = Path(__file__).parents[2] / "docs" / "metrics.md"
VERSIONS = Versions("m", "p", "f")
PLACE = Position("transactions", 0, 7)
REASONS = (Reason("r", "because"),)


def test_the_list_holds_every_metric_and_no_other() -> None:
    suffix = {"counter": "_total"}
    families = [family for family in REGISTRY.collect() if family.name.startswith("sealwax_")]
    rows = [f"| `{one.name}{suffix.get(one.type, '')}` | {one.type} | {one.documentation} |" for one in families]
    listed = [line for line in LIST.read_text().splitlines() if line.startswith("| `sealwax_")]
    assert sorted(listed) == sorted(rows)


def test_what_a_partition_gave() -> None:
    bad, wrong = Growth("sealwax_dead_letters_total", reason="not_json"), Growth("sealwax_wrong_key_total")
    labels, decisions = Growth("sealwax_labels_total"), Growth("sealwax_decisions_total")
    batch = SourceBatch(0)
    letter_id, value = encode_dead_letter("not_json", 'a "quoted" reason', PLACE, b"\xff" * 10_000)
    batch.letters = [OutputRecord(letter_id, b"", value, "sealwax.dead-letter", 0)] * 3
    batch.wrong_key = 2
    batch.labels = [Label("e", "u", "fraud", 1, "bank")]
    batch.decisions = [Ruled(ManualDecision("d", "u", "", "o", "release", "", None, 1, "ann", "fine"), PLACE)] * 2
    metrics.count_source(batch)
    assert (bad(), wrong(), labels(), decisions()) == (3, 2, 1, 2)


def test_what_became_of_changes_of_the_policy() -> None:
    accepted, late = (
        Growth("sealwax_policy_changes_total", kind="list"),
        Growth("sealwax_policy_refusals_total", reason="too_late"),
    )
    change = ControlChange("c", "list", "blocked", 10**12, "ann", "why", entry="u", member=True)
    batch = SourceBatch(0)
    batch.changes = [OutputRecord("", b"", encode_accepted(change, PLACE)[1], "sealwax.policy-change", 0)] * 2
    batch.letters = [OutputRecord("", b"", encode_dead_letter("too_late", "why", PLACE, b"")[1], "", 0)]
    metrics.count_changes(batch)
    assert (accepted(), late()) == (2, 1)
    for version in ("first", "second"):
        batch.changes = [
            OutputRecord("", b"", encode_effective(EffectiveFrom(("c",), 10**12, PLACE, version))[1], "", 0)
        ]
        metrics.count_source(batch)
    (policies,) = (family for family in REGISTRY.collect() if family.name == "sealwax_policy")
    assert [(sample.labels, sample.value) for sample in policies.samples] == [({"version": "second"}, 1)]


def test_what_the_users_step_made() -> None:
    payments, logins = (Growth("sealwax_events_total", event_type=kind) for kind in ("payment", "login"))
    duplicates, unmatched = Growth("sealwax_duplicates_total"), Growth("sealwax_unmatched_labels_total")
    output = UserOutput()
    for kind in ("payment", "login", "payment"):
        output.enriched.append(Enriched(Arrival(Event("e", kind, 1, "u"), 0, 0, False, 0), [], b"", 0, False))
    output.duplicates, output.unmatched = 4, 5
    metrics.count_users([output, UserOutput()])
    assert (payments(), logins(), duplicates(), unmatched()) == (2, 1, 4, 5)


def _update(score: float, *, late: bool, degraded: bool) -> RiskUpdate:
    return RiskUpdate("e", "payment", "u", 1, score, 0.5, "high", REASONS, late, degraded, VERSIONS, PLACE)


def test_what_the_policy_decided() -> None:
    low, all_scores = Growth("sealwax_scores_bucket", le="0.2"), Growth("sealwax_scores_count")
    late, degraded = Growth("sealwax_late_events_total"), Growth("sealwax_degraded_events_total")
    high, changes = Growth("sealwax_risk_updates_total", level="high"), Growth("sealwax_user_risk_changes_total")
    holds = Growth("sealwax_policy_actions_total", action="hold_order", status="opened")
    first, second = Decided(), Decided()
    first.updates = [(_update(0.15, late=True, degraded=False), 1), (_update(0.95, late=False, degraded=False), 1)]
    second.updates = [(_update(0.5, late=True, degraded=True), 1)]
    action = PolicyAction("hold_order", "opened", None, "rule", "u", "o", "e", 1, 1, None, REASONS, VERSIONS, PLACE)
    first.actions, second.actions = [(action, None)] * 2, [(action, 1)]
    second.changes = [(UserRiskChange("u", 0.5, "high", 1, 1, "e", VERSIONS, PLACE), None)]
    metrics.count_decided([first, second])
    assert (low(), all_scores(), late(), degraded(), high(), holds(), changes()) == (1, 2, 2, 1, 3, 3, 1)


def test_what_a_table_of_holds_made() -> None:
    expired, repeats = Growth("sealwax_hold_transitions_total", status="expired"), Growth("sealwax_hold_repeats_total")
    ended = Growth("sealwax_hold_refusals_total", reason="ended")
    metrics.count_holds({"expired": 2, "opened": 1}, 3, {"ended": 4}, 5)
    metrics.count_holds({}, 0, {}, 6)
    assert (expired(), repeats(), ended()) == (2, 3, 4)
    assert REGISTRY.get_sample_value("sealwax_holds_pending") == 6


def test_stages_and_snapshots_are_timed_also_where_they_fail() -> None:
    stage, step = Growth("sealwax_stage_seconds_count", stage="s"), Growth("sealwax_state_changed_total", step="s")
    with metrics.timed("s"):
        pass
    with pytest.raises(RuntimeError), metrics.timed("s"):
        raise RuntimeError
    with metrics.snapshot("s", 12):
        pass
    assert (stage(), step()) == (2, 12)


def test_batches_of_the_scorer() -> None:
    small, size = Growth("sealwax_batch_size_bucket", le="16.0"), Growth("sealwax_batch_size_sum")
    metrics.observe_batch(16)
    metrics.observe_batch(17)
    assert (small(), size()) == (1, 33)


def test_what_is_asked_for_at_the_scrape() -> None:
    lags: list[int | None] = [None]
    metrics.watch_lag("transactions-9", lambda: lags[-1])
    assert REGISTRY.get_sample_value("sealwax_lag", {"partition": "transactions-9"}) is None
    lags.append(70)
    assert REGISTRY.get_sample_value("sealwax_lag", {"partition": "transactions-9"}) == 70
    for total in (2, 5):
        metrics.count_suppressed("risk-updates-9", total)
    assert REGISTRY.get_sample_value("sealwax_suppressed_total", {"partition": "risk-updates-9"}) == 5
    waiting: list[float | None] = [None]
    metrics.watch_unacknowledged(lambda: 3, lambda: waiting[-1], lambda: 100.0)
    assert REGISTRY.get_sample_value("sealwax_oldest_unacknowledged_seconds") == 0
    waiting.append(98.5)
    assert REGISTRY.get_sample_value("sealwax_oldest_unacknowledged_seconds") == 1.5


def test_readings_with_the_same_labels_are_added() -> None:
    registry = CollectorRegistry()
    cached = Watched("gauge", "cached", "Entries.", ["step"], registry)
    for step, size in (("users", 1), ("users", 2), ("entities", 4)):
        cached.watch(lambda size=size: size, step)
    assert registry.get_sample_value("cached", {"step": "users"}) == 3
    assert registry.get_sample_value("cached", {"step": "entities"}) == 4


def test_a_bound_belongs_to_its_bucket_and_buckets_add_up() -> None:
    registry = CollectorRegistry()
    BatchHistogram("h", "Values.", [1, 2], registry).observe([0.5, 1, 1.5, 2, 99])
    assert [registry.get_sample_value("h_bucket", {"le": bound}) for bound in ("1", "2", "+Inf")] == [2, 4, 5]
    assert registry.get_sample_value("h_sum") == 104


def test_the_endpoint_answers_and_a_taken_port_is_named() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    metrics.serve(port - 1, 1)
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
        assert b"sealwax_duplicates_total" in answer.read()
    with pytest.raises(UserError, match=rf"metrics\.port: can't listen on {port}"):
        metrics.serve(port, 0)
    metrics.serve(0, 5)
