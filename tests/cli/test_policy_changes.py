"""The commands that change a policy and look at what has changed, without a flow."""

from pathlib import Path

import orjson
import pytest

from contracts.codec import decode_control
from contracts.control import ControlChange, EffectiveFrom, encode_accepted, encode_effective
from contracts.events import Position
from contracts.messages import INITIAL
from contracts.times import parse_time
from dataflows.request import DEFAULTS
from tests.cli.running import Sealwax

AT = "2026-01-31T12:00:00.000Z"
SHOP = DEFAULTS / "shop-policy.toml"


def sent(directory: Path) -> list[ControlChange]:
    changes = [decode_control(line) for line in (directory / "control.jsonl").read_bytes().splitlines()]
    return [change for change in changes if change is not None]


def record(directory: Path, *changes: ControlChange) -> None:
    """As a flow tells of them, all from offset 7 of partition 1 on."""
    directory.mkdir(exist_ok=True)
    lines = [encode_accepted(change, Position("control", 0, 0))[1] for change in changes]
    if changes:
        ids = tuple(one.change_id for one in changes)
        lines.append(encode_effective(EffectiveFrom(ids, parse_time(AT), Position("transactions", 1, 7), "p"))[1])
    (directory / "policy-changes.jsonl").write_bytes(b"".join(line + b"\n" for line in lines))


def policy(version: str, minute: int) -> ControlChange:
    at = parse_time(AT) + minute * 60_000
    return ControlChange(
        f"c{minute}", "policy", version, at, "ann", "A try.", text="" if version == INITIAL else version
    )


def test_a_policy_is_pushed_whole(sealwax: Sealwax, tmp_path: Path) -> None:
    blocked, lists = tmp_path / "blocked.txt", '[lists]\nfrom_file = { file = "blocked.txt" }\n'
    blocked.write_text("u1\n")
    file = tmp_path / "p.toml"
    file.write_text(SHOP.read_text().replace("[lists]\n", lists, 1))
    ended = sealwax("policy", "push", file, "--to", tmp_path / "out", "--at", AT, "--by", "ann", "--reason", "Sale.")
    assert ended.status == 0, ended.err
    (change,) = sent(tmp_path / "out")
    assert (change.by, change.reason, change.effective_at) == ("ann", "Sale.", parse_time(AT))
    assert (change.text, change.files) == (file.read_text(), {"blocked.txt": "u1\n"})
    assert f"sent: policy {change.name}, effective at {AT}" in ended.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("push", SHOP), "--at: a directory has no present"),
        (("push", SHOP, "--at", "noon"), "--at: must be RFC 3339"),
        (("push", "none.toml", "--at", AT), "none.toml: can't be read"),
        (("push", SHOP, "--at", AT, "--reason", ""), "reason: String should have at least 1 character"),
        (("lists", "add", "blocked_users", "u" * 129, "--at", AT), "entry: String should have at most 128 characters"),
        (("lists", "add", "nobody", "u1", "--at", AT), 'LIST: no policy has a list "nobody"; known: blocked_cards'),
        (("lists", "add", "blocked_users", "--at", AT), "ENTRY: missing"),
    ],
)
def test_a_mistake_is_named(sealwax: Sealwax, tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    ended = sealwax("policy", *arguments, "--to", tmp_path / "out")
    assert (ended.status, said in ended.err) == (2, True), ended.err
    assert not (tmp_path / "out" / "control.jsonl").exists()


def test_a_policy_that_does_not_fit_the_features_is_not_pushed(sealwax: Sealwax, tmp_path: Path) -> None:
    features = tmp_path / "f.toml"
    features.write_text(
        'name = "few"\n[[features]]\nname = "all"\nentity = "user"\naggregate = "count"\nwindows = ["1d"]\n'
    )
    ended = sealwax("policy", "push", SHOP, "--features", features, "--to", tmp_path / "out", "--at", AT)
    assert (ended.status, "unknown feature" in ended.err) == (2, True), ended.err


def test_entries_come_and_go(sealwax: Sealwax, tmp_path: Path) -> None:
    many = tmp_path / "many.txt"
    many.write_text("u2\nu3\n\n")
    out = tmp_path / "out"
    sealwax("policy", "lists", "add", "blocked_users", "u1", "--file", many, "--to", out, "--at", AT)
    sealwax("policy", "lists", "remove", "blocked_users", "u2", "--to", out, "--at", AT)
    assert [(one.entry, one.member) for one in sent(out)] == [("u1", True), ("u2", True), ("u3", True), ("u2", False)]
    shown = sealwax("policy", "lists", "show", "blocked_users", out).out
    assert [line.split()[:2] for line in shown.splitlines()[1:4]] == [
        ["u1", "joins"],
        ["u3", "joins"],
        ["u2", "leaves"],
    ]


def test_history_tells_what_who_why_and_from_where(sealwax: Sealwax, tmp_path: Path) -> None:
    record(tmp_path / "out", policy("a@2#0", 5), policy("a@1#0", 0))
    shown = sealwax("policy", "history", tmp_path / "out").out
    lines = [line.split() for line in shown.splitlines()]
    assert lines[1] == [AT, "policy", "a@1#0", "ann", "A", "try.", "1:", "7"]
    assert lines[2][:3] == ["2026-01-31T12:05:00.000Z", "policy", "a@2#0"]
    assert "0 changes" in sealwax("policy", "history", tmp_path / "out", "--kind", "list").out


@pytest.mark.parametrize(
    ("before", "flags", "after"),
    [
        (["a@1#0"], [], INITIAL),
        (["a@1#0", "a@2#0"], [], "a@1#0"),
        (["a@1#0", "a@2#0", "a@1#0"], [], "a@2#0"),
        (["a@1#0", INITIAL], [], "a@1#0"),
        (["a@1#0", "a@2#0", "a@3#0"], ["--version", "a@1#0"], "a@1#0"),
        (["a@1#0", "a@2#0"], ["--version", INITIAL], INITIAL),
    ],
)
def test_rollback_goes_to_the_policy_before(
    sealwax: Sealwax, tmp_path: Path, before: list[str], flags: list[str], after: str
) -> None:
    record(tmp_path / "out", *(policy(version, minute) for minute, version in enumerate(before)))
    ended = sealwax("policy", "rollback", *flags, "--to", tmp_path / "out", "--at", AT)
    assert ended.status == 0, ended.err
    (change,) = sent(tmp_path / "out")
    assert (change.name, change.text) == (after, "" if after == INITIAL else after)


@pytest.mark.parametrize(
    ("before", "flags", "said"),
    [([], [], "no policy was ever pushed"), (["a@1#0"], ["--version", "b"], "--version: b was never in force")],
)
def test_there_must_be_something_to_go_back_to(
    sealwax: Sealwax, tmp_path: Path, before: list[str], flags: list[str], said: str
) -> None:
    record(tmp_path / "out", *(policy(version, minute) for minute, version in enumerate(before)))
    ended = sealwax("policy", "rollback", *flags, "--to", tmp_path / "out", "--at", AT)
    assert (ended.status, said in ended.err) == (2, True), ended.err


def test_what_is_no_record_of_a_change_is_named(sealwax: Sealwax, tmp_path: Path) -> None:
    (tmp_path / "policy-changes.jsonl").write_bytes(orjson.dumps({"status": "accepted"}) + b"\n")
    ended = sealwax("policy", "history", tmp_path)
    assert (ended.status, "offset 0: not the record of a change: record_id: Field required" in ended.err) == (
        2,
        True,
    ), ended.err
