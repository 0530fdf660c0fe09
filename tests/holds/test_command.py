"""`sealwax holds` as people and scripts use it, over files and over Kafka."""

import json
from pathlib import Path

import pytest

from contracts.codec import decode_decision
from contracts.times import format_time
from dataflows.cli import holds as holds_command
from dataflows.holds import HoldTable
from dataflows.holds.view import span
from dataflows.to_end import records_to_end
from tests.cli.running import Sealwax, runner
from tests.conftest import MakeTopic
from tests.holds.actions import HOUR, after, opened
from tests.holds.conftest import NewTable

NOW = 1_790_007_200_000
OLD = opened(effective_at=NOW - 3 * HOUR, expires_at=NOW + HOUR)
DUE = opened(order_id="", user_id="u-[bold]\x1b", cause="odd", effective_at=NOW - HOUR, expires_at=NOW - 60_000)
LIFTED = opened(order_id="o-3", event_id="e-3")
VALUES = [OLD.value, DUE.value, LIFTED.value, after(LIFTED, "expired").value, b"no JSON", OLD.value]


@pytest.fixture
def sealwax(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Sealwax:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SEALWAX_HOLDS__METRICS_PORT", "0")
    monkeypatch.setattr(holds_command, "_now", lambda: NOW)
    return runner(capsys, monkeypatch)


@pytest.fixture
def table(sealwax: Sealwax, tmp_path: Path) -> str:
    """A table into which the actions of a directory were read."""
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "policy-actions.jsonl").write_bytes(b"\n".join(VALUES) + b"\n")
    ended = sealwax("holds", "run", "--source", "out", "--table", "holds.db", "--stop-at-end")
    said = "4 transitions applied, 1 seen before, 1 refused; 2 holds pending"
    assert (ended.status, ended.err.strip().splitlines()[-1]) == (0, said)
    return "holds.db"


def test_run_goes_on_where_it_ended_and_may_begin_again(sealwax: Sealwax, table: str) -> None:
    again = sealwax("holds", "run", "--source", "out", "--table", table, "--stop-at-end")
    assert "0 transitions applied, 0 seen before, 0 refused; 2 holds pending" in again.err
    anew = sealwax("holds", "run", "--source", "out", "--table", table, "--stop-at-end", "--from-start")
    assert "0 transitions applied, 6 seen before, 0 refused; 2 holds pending" in anew.err
    Path("out/policy-actions.jsonl").write_bytes(OLD.value + b"\n")
    shorter = sealwax("holds", "run", "--source", "out", "--table", table, "--stop-at-end")
    assert (shorter.status, "cannot go on from line 6" in shorter.err, "--from-start" in shorter.err) == (2, True, True)


def test_list_shows_age_and_reason_the_oldest_first(sealwax: Sealwax, table: str) -> None:
    listed = sealwax("holds", "list", "--table", table)
    headline, _, _, old, due, *rest = listed.out.splitlines()
    assert (listed.status, rest) == (0, [])
    assert headline.startswith("2 pending, the oldest for 3.0 h; 1 likely, 1 odd")
    assert old.replace("█", "").replace("░", "").replace("▌", "").split()[:6] == [
        "o-1",
        "u-1",
        "hold",
        "order",
        "3.0",
        "h",
    ]
    assert "The payment is likely fraud." in old and old.endswith(OLD.id[:10])
    assert (
        due.split()[:6] == ["-", "u-[bold]\N{REPLACEMENT CHARACTER}", "hold", "order", "1.0", "h"]
        and "due for 1.0 min" in due
    )
    assert "(the 1 oldest are shown)" in sealwax("holds", "list", "--table", table, "--limit", 1).out


def test_watch_goes_on_until_it_is_interrupted(sealwax: Sealwax, table: str, monkeypatch: pytest.MonkeyPatch) -> None:
    looks = []

    def sleep(_: float) -> None:
        looks.append(table)
        if len(looks) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(holds_command.time, "sleep", sleep)
    watched = sealwax("holds", "list", "--table", table, "--watch")
    assert (watched.status, len(looks)) == (0, 3)


def test_a_page_shows_them_all(sealwax: Sealwax, table: str, tmp_path: Path) -> None:
    assert sealwax("holds", "list", "--table", table, "--html", "holds.html").status == 0
    text = Path("holds.html").read_text()
    assert [text.count(said) for said in ("<svg", ">o-1<", ">due for 1.0 min<", ">The payment is likely fraud.<")] == [
        2, 1, 1, 2,
    ]  # fmt: skip
    told = sealwax("holds", "list", "--table", table, "--html", tmp_path / "nowhere" / "holds.html")
    assert (told.status, "can't be written: No such file or directory" in told.err) == (2, True)
    HoldTable.open("empty.db").close()
    sealwax("holds", "list", "--table", "empty.db", "--html", "empty.html")
    assert "Nothing is pending" in Path("empty.html").read_text()


def test_json_is_for_machines(sealwax: Sealwax, table: str) -> None:
    old, due = map(json.loads, sealwax("holds", "list", "--table", table, "--json").out.splitlines())
    assert (old["order_id"], due["order_id"], old["age_seconds"]) == ("o-1", None, 3 * HOUR / 1_000)
    assert (old["expires_at"], old["phase"]) == (format_time(NOW + HOUR), "pending")
    assert old["reasons"] == [{"code": "likely", "text": "The payment is likely fraud."}]
    (shown,) = map(json.loads, sealwax("holds", "show", "o-3", "--table", table, "--json").out.splitlines())
    assert [one["status"] for one in shown["history"]] == ["opened", "expired"]


def test_show_tells_what_happened(sealwax: Sealwax, table: str) -> None:
    shown = sealwax("holds", "show", "o-3", "--table", table).out
    assert "hold order expired" in shown and "on order o-3 of user u-1" in shown
    assert [line.split()[1] for line in shown.splitlines()[2:4]] == ["opened", "expired"]
    missing = sealwax("holds", "show", "o-4", "--table", table)
    assert (missing.status, "o-4: no such order, and no hold whose id begins so" in missing.err) == (2, True)


@pytest.mark.parametrize("verdict", ["release", "confirm"])
def test_a_decision_is_written_by_its_contract(sealwax: Sealwax, table: str, verdict: str) -> None:
    told = sealwax("holds", verdict, "o-1", "--table", table, "--reason", "Called.", "--by", "ann", "--sink", "in")
    assert (told.status, f"{verdict} of {OLD.id} on order o-1 sent to decisions" in told.out) == (0, True)
    (line,) = Path("in/decisions.jsonl").read_bytes().splitlines()
    decision = decode_decision(line)
    assert (decision.user_id, decision.order_id, decision.action_id) == ("u-1", "o-1", OLD.id)
    assert (decision.verdict, decision.decision_time, decision.decided_by, decision.reason) == (
        verdict, NOW, "ann", "Called.",
    )  # fmt: skip


def test_a_decision_may_be_of_another_time_and_on_a_user(sealwax: Sealwax, table: str) -> None:
    at = ("--at", "2026-01-31T12:00:00+01:00")
    sealwax("holds", "release", DUE.id[:8], "--table", table, "--reason", "Seen.", "--sink", "in", *at)
    decision = decode_decision(Path("in/decisions.jsonl").read_bytes().strip())
    assert (decision.user_id, decision.order_id, decision.action_id) == ("u-[bold]\x1b", "", DUE.id)
    assert format_time(decision.decision_time) == "2026-01-31T11:00:00.000Z"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("o-3", "--reason", "x"), "o-3: nothing is pending, the latest hold is expired"),
        (("o-9", "--reason", "x"), "o-9: no such order"),
        (("o-1", "--reason", " "), "--reason: empty"),
        (("o-1", "--reason", "x" * 301), "reason: String should have at most 300 characters"),
        (("o-1", "--reason", "x", "--at", "now"), "--at: must be RFC 3339"),
        (("o-1", "--reason", "x", "--sink", "in.jsonl"), "in.jsonl: an output is a directory"),
    ],
)
def test_a_decision_that_cannot_be_is_told(sealwax: Sealwax, table: str, arguments: tuple[str, ...], says: str) -> None:
    told = sealwax("holds", "release", "--table", table, *arguments)
    assert (told.status, says in told.err, "Traceback" in told.err) == (2, True, False)


def test_an_order_of_two_users_has_to_be_told_apart(sealwax: Sealwax, table: str) -> None:
    other = opened(user_id="u-2", event_id="e-9")
    Path("more").mkdir()
    Path("more/policy-actions.jsonl").write_bytes(other.value + b"\n")
    sealwax("holds", "run", "--source", "more", "--table", table, "--stop-at-end")
    told = sealwax("holds", "release", "o-1", "--table", table, "--reason", "x", "--sink", "in")
    assert f"o-1: several holds are pending ({OLD.id[:10]} of user u-1, {other.id[:10]} of user u-2)" in told.err
    assert sealwax("holds", "release", other.id[:10], "--table", table, "--reason", "x", "--sink", "in").status == 0


def test_what_was_refused_is_shown_and_goes_to_the_tools_for_dead_letters(sealwax: Sealwax, table: str) -> None:
    shown = sealwax("holds", "refused", "--table", table).out
    assert "policy-actions-0 @ 4" in shown and "not_json" in shown and "1 refused" in shown
    Path("letters.jsonl").write_text(sealwax("holds", "refused", "--table", table, "--json").out)
    letter = json.loads(Path("letters.jsonl").read_text())["letter_id"]
    assert "no JSON" in sealwax("dead-letters", "show", letter, "letters.jsonl").out
    assert "0 applied, 0 were already, 1 refused" in sealwax("holds", "retry", "--table", table).out


def test_a_table_that_is_not_there_is_named(sealwax: Sealwax) -> None:
    for command in (("list",), ("show", "o-1"), ("release", "o-1", "--reason", "x"), ("refused",), ("retry",)):
        told = sealwax("holds", *command, "--table", "nowhere.db")
        assert (told.status, "nowhere.db: no such file" in told.err) == (2, True)
    refused = sealwax("holds", "run", "--table", "postgresql://127.0.0.1:1/d", "--source", "out")
    assert (refused.status, "Traceback" in refused.err, "postgresql://127.0.0.1:1/d" in refused.err) == (2, False, True)


@pytest.mark.kafka
def test_over_kafka_a_decision_reaches_the_topic_keyed_by_user(
    sealwax: Sealwax, bootstrap: str, make_topic: MakeTopic, new_table: NewTable, tmp_path: Path
) -> None:
    from confluent_kafka import Producer

    actions, decisions, table = make_topic(3), make_topic(), new_table()
    (tmp_path / "sealwax.toml").write_text(
        f'[topics]\npolicy_actions = "{actions}"\ndecisions = "{decisions}"\n'
        f'[kafka]\nbootstrap = "{bootstrap}"\n[holds]\ntable = "{table}"\n'
    )
    producer = Producer({"bootstrap.servers": bootstrap})
    for number, value in enumerate([OLD.value, OLD.value, DUE.value]):
        producer.produce(actions, value, partition=number)
    producer.flush()
    assert "2 transitions applied, 1 seen before, 0 refused" in sealwax("holds", "run", "--stop-at-end").err
    assert sealwax("holds", "release", "o-1", "--reason", "Called.").status == 0
    ((_, record),) = records_to_end(f"kafka://{bootstrap}", decisions, {})
    assert (record.key, decode_decision(record.value).order_id) == (b"u-1", "o-1")
    with HoldTable.open(table) as opened_table:
        assert opened_table.count_pending() == 2


@pytest.mark.kafka
def test_a_cluster_that_does_not_answer_is_told_at_the_start(sealwax: Sealwax, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dataflows.connectors.kafka_topics.ANSWER_SECONDS", 0.2)
    told = sealwax("holds", "run", "--source", "kafka://127.0.0.1:1", "--table", "holds.db")
    assert (told.status, "Traceback" in told.err) == (2, False)


def test_lengths_of_time_read_well() -> None:
    assert [span(millis) for millis in (0, 999, 1_500, 90_000, HOUR, 48 * HOUR)] == [
        "0 ms", "999 ms", "1.5 s", "1.5 min", "1.0 h", "2.0 d",
    ]  # fmt: skip
