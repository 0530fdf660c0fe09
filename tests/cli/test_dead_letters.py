"""`sealwax dead-letters`: listed, shown, and sent again where they are valid now."""

import json
from pathlib import Path

import pytest

from contracts.decisions import encode_dead_letter
from contracts.events import Position
from dataflows import cli
from dataflows.cli.dead_letters import readable
from dataflows.connectors.base import OutputRecord, ReadRange
from dataflows.connectors.urls import open_input, open_output
from dataflows.dead_letters import read_dead_letters
from dataflows.settings import load_settings
from tests.cli.running import Sealwax
from tests.conftest import MakeTopic

GOOD = b'{"event_id":"e-1","event_type":"login","event_time":1700000000000,"user_id":"u-1"}'
DECISION = (
    b'{"decision_id":"d-1","user_id":"u-1","order_id":"o-1","verdict":"release","decision_time":1700000000000,'
    b'"decided_by":"ann","reason":"Seen."}'
)
LABEL = b'{"event_id":"e-1","user_id":"u-1","label":"fraud","label_time":1700000000000,"source":"bank"}'


def _letter(
    offset: int, value: bytes, code: str = "not_json", text: str = "expected value", topic: str = "transactions"
) -> bytes:
    return encode_dead_letter(code, text, Position(topic, 0, offset), value)[1]


@pytest.fixture
def letters(tmp_path: Path) -> Path:
    """A directory of dead letters: three kinds of bad record, and an event and a label that are valid by now."""
    lines = [
        _letter(1, b"\x00\xff binary"),
        _letter(2, b'{"event_id":"e-2",\n"amount":-1}', "invalid_field", "amount: [red]must not be negative"),
        _letter(3, GOOD, "invalid_field", "event_type: not known yet"),
        _letter(4, b"user 4 paid"),
        _letter(5, LABEL, "invalid_field", "label: not known yet", "labels"),
    ]
    directory = tmp_path / "out"
    directory.mkdir()
    (directory / "dead-letters.jsonl").write_bytes(b"\n".join(lines) + b"\n")
    return directory


def _ids(letters: Path) -> list[str]:
    return [json.loads(line)["letter_id"] for line in (letters / "dead-letters.jsonl").read_text().splitlines()]


def test_ls_lists_and_counts(sealwax: Sealwax, letters: Path) -> None:
    listed = sealwax("dead-letters", "ls", letters)
    assert listed.status == 0
    assert "transactions-0 @ 2" in listed.out
    assert "amount: [red]must not be negative" in listed.out
    assert "3 invalid_field\n2 not_json\n5 dead letters, 5 shown" in listed.out


def test_ls_filters_by_reason_and_shows_the_latest(sealwax: Sealwax, letters: Path) -> None:
    listed = sealwax("dead-letters", "ls", letters / "dead-letters.jsonl", "--reason", "not_json", "--limit", 1)
    assert "2 not_json\n2 dead letters, 1 shown" in listed.out
    assert "@ 4" in listed.out
    assert "@ 1" not in listed.out
    assert "invalid_field" not in listed.out


def test_show_gives_reason_position_and_the_record_readable(sealwax: Sealwax, letters: Path) -> None:
    binary, indented, *_ = (sealwax("dead-letters", "show", identity[:10], letters).out for identity in _ids(letters))
    assert "reason    not_json: expected value" in binary
    assert "00000000  00 ff 20 62 69 6e 61 72 79" in binary
    assert "record    transactions-0, offset 2" in indented
    assert '  "amount": -1\n' in indented
    assert "[red]must not" in indented


def test_show_raw_gives_the_bytes(letters: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["dead-letters", "show", _ids(letters)[0], str(letters), "--raw"])
    assert capfdbinary.readouterr().out == b"\x00\xff binary"


def test_show_wants_one_letter(sealwax: Sealwax, letters: Path) -> None:
    ended = sealwax("dead-letters", "show", "nonsense", letters)
    assert (ended.status, "0 dead letters begin with 'nonsense'" in ended.err) == (2, True)
    assert sealwax("dead-letters", "show", "", letters).status == 2


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (b'{"a":"\xe5\xa5\xbd"}', '{\n  "a": "好"\n}'),
        ("two\nlines of 好".encode(), "two\nlines of 好"),
        (b"\x1b[2J", "00000000  1b 5b 32 4a"),
        (b"", ""),
        (b"x" * 5_000, "... (--raw writes all of it)"),
        (b"\xff" * 5_000, "... (--raw writes all of it)"),
    ],
)
def test_bytes_for_a_reader(value: bytes, shown: str) -> None:
    assert shown in readable(value)


def test_a_dry_run_tells_and_sends_nothing(sealwax: Sealwax, letters: Path) -> None:
    told = sealwax("dead-letters", "replay", letters, "--dry-run")
    assert told.status == 1
    assert "1 would be sent to transactions\n1 would be sent to labels\n3 still invalid:" in told.out
    assert (
        "1 invalid_field: event_type: Field required; event_time: Field required; user_id: Field required" in told.out
    )


def test_only_what_is_chosen_is_replayed(sealwax: Sealwax, letters: Path) -> None:
    by_id = sealwax("dead-letters", "replay", letters, "--id", _ids(letters)[2][:8], "--dry-run")
    assert (by_id.status, by_id.out) == (0, "1 would be sent to transactions\n")
    assert "0 would be sent" in sealwax("dead-letters", "replay", letters, "--reason", "not_json", "--dry-run").out
    assert "no dead letter begins with 'zz'" in sealwax("dead-letters", "replay", letters, "--id", "zz").err


def test_a_decision_is_judged_as_one(sealwax: Sealwax, tmp_path: Path) -> None:
    letter = _letter(6, DECISION, "impossible_time", "decision_time: lies ahead", "decisions")
    (tmp_path / "dead-letters.jsonl").write_bytes(letter + b"\n")
    told = sealwax("dead-letters", "replay", tmp_path, "--dry-run")
    assert (told.status, told.out) == (0, "1 would be sent to decisions\n")


def test_records_go_to_a_file_and_come_back_mended(sealwax: Sealwax, letters: Path, tmp_path: Path) -> None:
    file = tmp_path / "mended.jsonl"
    written = sealwax("dead-letters", "replay", letters, "--reason", "invalid_field", "--to-file", file)
    assert "3 records written" in written.out
    assert b'{"event_id":"e-2","amount":-1}' in file.read_bytes().splitlines()
    file.write_bytes(GOOD + b"\n\n" + GOOD.replace(b"login", b"logout") + b"\n")
    told = sealwax("dead-letters", "replay", "--from-file", file, "--dry-run")
    assert (told.status, "1 would be sent to transactions\n1 still invalid" in told.out) == (1, True)


def test_what_is_no_line_is_left_out_of_a_file_and_said(sealwax: Sealwax, tmp_path: Path) -> None:
    (tmp_path / "dead-letters.jsonl").write_bytes(_letter(1, b"two\nlines") + b"\n")
    assert "1 left out" in sealwax("dead-letters", "replay", tmp_path, "--to-file", tmp_path / "f").out


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"no letter", "Invalid JSON: "),
        (b'{"letter_id":"x"}', "reason: Field required\n"),
        (_letter(1, b"a").replace(b"YQ==", b"Y!=="), "bytes: "),
    ],
)
def test_what_is_not_a_dead_letter_is_named(line: bytes, said: str, sealwax: Sealwax, tmp_path: Path) -> None:
    (tmp_path / "dead-letters.jsonl").write_bytes(line + b"\n")
    ended = sealwax("dead-letters", "ls", tmp_path)
    assert ended.status == 2
    assert f"dead-letters-0, offset 0: not a dead letter: {said}" in ended.err


def test_a_missing_file_is_an_error_of_the_user(sealwax: Sealwax, tmp_path: Path) -> None:
    assert sealwax("dead-letters", "ls", tmp_path / "nothing.jsonl").status == 2
    assert sealwax("dead-letters", "ls", tmp_path).status == 2
    assert sealwax("dead-letters", "replay", "--from-file", tmp_path / "nothing").status == 2
    (tmp_path / "f").write_bytes(GOOD)
    assert "is no cluster" in sealwax("dead-letters", "replay", "--from-file", tmp_path / "f", "--to", tmp_path).err


@pytest.mark.kafka
def test_there_and_back_on_a_cluster(sealwax: Sealwax, bootstrap: str, make_topic: MakeTopic, tmp_path: Path) -> None:
    events, bad = make_topic(4), make_topic()
    settings = tmp_path / "sealwax.toml"
    settings.write_text(f'[kafka]\nbootstrap="{bootstrap}"\n[topics]\ntransactions="{events}"\ndead_letters="{bad}"\n')
    cluster, client = f"kafka://{bootstrap}", {"bootstrap.servers": bootstrap}
    output = open_output(cluster, client)
    identity, letter = encode_dead_letter("invalid_field", "not known yet", Position(events, 3, 7), GOOD)
    partition = output.open(bad, 0)
    partition.append([OutputRecord(identity, b"", letter, "sealwax.dead-letter", 1_700_000_000_000)])
    partition.flush()
    output.close()

    assert "1 dead letters, 1 shown" in sealwax("dead-letters", "ls").out
    (letter_back,) = read_dead_letters(cluster, load_settings(settings))
    assert (letter_back.value, letter_back.position) == (GOOD, Position(events, 3, 7))
    assert sealwax("dead-letters", "replay", "--to", cluster) == (0, f"1 sent to {events}\n", "")
    log = open_input({events: cluster}, ReadRange(stop_at_end=True), client)
    sent = log.open(events, 3)
    records = []
    while not sent.exhausted:
        records += sent.read(10)
    log.close()
    assert [(record.key, record.value) for record in records] == [(b"u-1", GOOD)]
