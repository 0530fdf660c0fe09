"""`sealwax policy thresholds` over files: the moves of a past, as a file for a replay."""

from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from contracts.codec import decode_control
from contracts.control import ControlChange
from contracts.times import format_time
from dataflows.connectors.base import DeliveryError
from tests.cli.running import Sealwax
from tests.policy.files import HEAD, RULES
from tests.thresholds.tables import HOUR, START

THRESHOLDS = """
[thresholds.hold]
start = 0.8
min = 0.3
evidence = "3h"
capacity = "1/h"
step = 0.25
hysteresis = 0.0
"""


def update(number: int, score: float, **fields: object) -> bytes:
    return orjson.dumps(
        {
            "event_id": f"e{number}",
            "event_type": "payment",
            "event_time": format_time(START + number * HOUR // 2),
            "score": score,
            "degraded": False,
            "unknown": 1,
            **fields,
        }
    )


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    file = tmp_path / "policy.toml"
    file.write_text(HEAD + THRESHOLDS + RULES)
    return file


@pytest.fixture
def updates(tmp_path: Path) -> Path:
    """A score of 0.4 every half hour for a day; nothing counts of those without a score."""
    file = tmp_path / "risk-updates.jsonl"
    lines = [update(number, 0.4) for number in range(48)]
    lines += [update(number, 0.99, degraded=True) for number in range(48, 60)]
    file.write_bytes(b"\n".join(lines) + b"\n")
    return file


def test_moves_are_told_and_written(sealwax: Sealwax, policy: Path, updates: Path, tmp_path: Path) -> None:
    output = tmp_path / "control.jsonl"
    ended = sealwax("policy", "thresholds", "--policy", policy, "--source", updates, "--output", output)
    assert (ended.status, ended.err) == (0, "")
    changes = [decode_control(line) for line in output.read_bytes().splitlines()]
    moves = [(one.name, one.value, (one.effective_at - START) / HOUR) for one in changes if one]
    ahead = 5 / 60
    assert moves == [("hold", 0.55, 3.5 + ahead), ("hold", 0.400001, 4.5 + ahead)]
    told = ended.out.splitlines()
    assert told[0].startswith("2023-11-15T03:35:00.000Z  hold 0.55  from 0.8; at most 1 of each hour's scores")
    assert told[-1] == "2 moves"


def test_a_past_gives_the_same_file_in_any_order(sealwax: Sealwax, policy: Path, updates: Path, tmp_path: Path) -> None:
    files = [tmp_path / "a.jsonl", tmp_path / "b.jsonl"]
    for file in files:
        sealwax("policy", "thresholds", "--policy", policy, "--source", updates, "--output", file)
        updates.write_bytes(b"".join(reversed(updates.read_bytes().splitlines(keepends=True))))
    assert files[0].read_bytes() == files[1].read_bytes() != b""


def test_labels_beside_the_updates_correct_costs(sealwax: Sealwax, policy: Path, updates: Path, tmp_path: Path) -> None:
    cost = 'cost = { miss = 90.0, false_hold = 10.0, matures = "20h" }'
    policy.write_text(policy.read_text().replace('capacity = "1/h"', cost).replace("min = 0.3", "min = 0.001"))
    time = format_time(START + 21 * HOUR)
    labels = [
        {"event_id": f"e{number}", "user_id": "u", "label": "fraud", "label_time": time, "source": "bank"}
        for number in range(3, 42)
    ]
    (tmp_path / "labels.jsonl").write_bytes(b"no label\n" + b"\n".join(map(orjson.dumps, labels)))
    with updates.open("ab") as file:
        file.write(update(90, 0.4))  # by then 48 events are as old as labels take
    output = tmp_path / "control.jsonl"
    ended = sealwax("policy", "thresholds", "--policy", policy, "--source", tmp_path, "--output", output)
    assert ended.status == 0
    assert "frauds, and 39 are known: logits shifted by" in ended.out
    assert orjson.loads(output.read_bytes().splitlines()[-1])["value"] < 0.05


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--source", "nowhere"], "nowhere: no such file or directory"),
        (["--source", "risk-updates.jsonl", "--ahead", "soon"], "--ahead: 'soon' is no duration"),
        (["--source", "risk-updates.jsonl", "--once"], "--output: writes what follows from the past"),
        (["--source", "bad.jsonl"], "bad.jsonl, risk-updates-0, offset 0: "),
    ],
)
def test_what_is_wrong_is_told(
    sealwax: Sealwax, policy: Path, updates: Path, tmp_path: Path, arguments: list[str], text: str
) -> None:
    (tmp_path / "bad.jsonl").write_bytes(b'{"event_id": "e1"}\n')
    ended = sealwax("policy", "thresholds", "--policy", policy, "--output", "c.jsonl", *arguments)
    assert ended.status == 2
    assert text in ended.err
    assert not (tmp_path / "c.jsonl").exists()


def test_a_policy_whose_thresholds_stand_still_is_refused(sealwax: Sealwax, policy: Path, updates: Path) -> None:
    policy.write_text(HEAD + RULES)
    ended = sealwax("policy", "thresholds", "--policy", policy, "--source", updates, "--output", "c.jsonl")
    assert ended.status == 2
    assert "no threshold has a capacity or a cost, so none adapts" in ended.err


def test_a_cluster_that_is_away_is_told(sealwax: Sealwax, policy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> Iterator[ControlChange]:
        raise DeliveryError("control-0: a record was not delivered")
        yield

    monkeypatch.setattr("dataflows.adapting.adapt_live", fail)
    monkeypatch.setattr("dataflows.cli.thresholds.drain_on_signals", lambda: None)
    ended = sealwax("policy", "thresholds", "--policy", policy, "--source", "kafka://localhost:1")
    assert ended.status == 2
    assert "control-0: a record was not delivered; start it again: it goes on from where it was" in ended.err


def test_a_sink_must_be_a_cluster(sealwax: Sealwax, policy: Path, updates: Path) -> None:
    ended = sealwax("policy", "thresholds", "--policy", policy, "--source", updates, "--sink", "out")
    assert ended.status == 2
    assert "--sink: 'out' is no cluster" in ended.err
