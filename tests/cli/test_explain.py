"""`sealwax features explain` for an analyst, and for a program."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from contracts.codec import encode_event, encode_label
from contracts.events import AMOUNT_SCALE, Event, Label
from dataflows import explaining, offline
from dataflows.features import load_feature_set
from operators.packs import Enriched
from tests.cli.running import Outcome, Sealwax
from tests.flow.harness import FEATURES, write_lines

START = 1_750_000_000_000
MINUTE = 60_000


def payment(number: int, minutes: float, user: str, amount: float, outcome: str = "") -> Event:
    time, scaled = START + int(minutes * MINUTE), round(amount * AMOUNT_SCALE)
    return Event(f"e{number}", "payment", time, user, amount=scaled, merchant_id="m1", outcome=outcome)


EVENTS = [
    payment(1, 0, "bob", 80.0),
    payment(2, 1, "ann", 12.5),
    payment(3, 20, "ann", 7.5, "declined"),
    payment(4, 29, "ann", 100.0, "approved"),
    payment(4, 29.5, "eve", 9.0),
]
LABELS = [
    Label("e1", "bob", "fraud", START + 3 * MINUTE, "desk"),
    Label("e2", "ann", "fraud", START + 40 * MINUTE, "desk"),
]
VERSION = load_feature_set(FEATURES).version


@pytest.fixture
def explain(sealwax: Sealwax, tmp_path: Path) -> Any:
    events, labels = tmp_path / "events.jsonl", tmp_path / "labels.jsonl"
    write_lines(events, ((b"", encode_event(event)) for event in EVENTS))
    write_lines(labels, ((b"", encode_label(label)) for label in LABELS))
    read = ("--features", FEATURES, "--events", events)

    def run(event: str, *options: str, with_labels: bool = True) -> Outcome:
        return sealwax("features", "explain", event, *read, *(("--labels", labels) if with_labels else ()), *options)

    return run


def lines(text: str) -> list[str]:
    """Without the spaces that align columns."""
    return [" ".join(line.split()) for line in text.splitlines() if line.strip()]


def test_an_analyst_reads_which_events_made_a_value(explain: Any) -> None:
    shown = explain("e3", "--feature", "user_count_1h", "--feature", "user_amount_mean_1h")
    assert (shown.status, shown.err.strip()) == (0, "")
    assert lines(shown.out) == [
        "e3: payment of user ann, 2025-06-15T15:26:40.000Z",
        "user ann, after 2025-06-15T14:26:40.000Z, up to 2025-06-15T15:26:40.000Z: 2 events",
        "event time type amount",
        "e2 2025-06-15T15:07:40.000Z payment 12.5",
        "e3 2025-06-15T15:26:40.000Z payment 7.5",
        "user_count_1h 2 2 events",
        "user_amount_mean_1h 10 20.0 / 2",
        f"2 of 2 values of {VERSION}: what is listed gives what the engine computed.",
    ]


def test_of_a_filtered_window_those_are_shown_that_count(explain: Any, tmp_path: Path) -> None:
    features = tmp_path / "sums.toml"
    features.write_text(
        'name = "sums"\n[[features]]\nname = "sum"\nentity = "user"\naggregate = "sum"\nfield = "amount"\n'
        'windows = ["1h"]\nwhere = { outcome = ["approved", "declined"] }\n'
    )
    shown = explain("e4", "--user", "ann", "--features", str(features))
    assert lines(shown.out)[1:-1] == [
        "user ann, after 2025-06-15T14:35:40.000Z, up to 2025-06-15T15:35:40.000Z: 3 events, 2 of them with outcome "
        "approved or declined",
        "event time type amount outcome",
        "e3 2025-06-15T15:26:40.000Z payment 7.5 declined",
        "e4 2025-06-15T15:35:40.000Z payment 100.0 approved",
        "sum 107.5 7.5 + 100.0",
    ]


def test_labels_are_told_with_when_they_were_known(explain: Any) -> None:
    shown = explain("e4", "--user", "ann", "--feature", "merchant_fraud_rate_30m", "--limit", "1")
    assert "... 2 earlier" in lines(shown.out)
    assert "merchant_fraud_rate_30m 0.3333333333 1 / 3" in lines(shown.out)
    shown = explain("e4", "--user", "ann", "--feature", "merchant_fraud_rate_30m")
    assert "e1 2025-06-15T15:06:40.000Z payment 80.0 bob fraud 2025-06-15T15:09:40.000Z" in lines(shown.out)
    assert "fraud 2025-06-15T15:46:40.000Z (does not count)" in shown.out


def test_json_tells_all(explain: Any) -> None:
    told = json.loads(explain("e4", "--user", "ann", "--json").out)
    assert told["event"]["event_time"] == "2025-06-15T15:35:40.000Z"
    features = {one["name"]: one for one in told["features"]}
    assert len(features) == 16
    assert all(one["agrees"] for one in features.values())
    assert features["device_users_10m"]["identifier"] is None
    rate = features["merchant_fraud_rate_30m"]
    assert (rate["value"], rate["of_listed"], rate["reckoning"]) == (1 / 3, 1 / 3, "1 / 3")
    assert (rate["after"], rate["through"]) == ("2025-06-15T15:00:40.000Z", "2025-06-15T15:30:40.000Z")
    assert [(one["event_id"], one["labels"]) for one in rate["events"]] == [
        ("e1", [{"label": "fraud", "label_time": "2025-06-15T15:09:40.000Z", "counts": True}]),
        ("e2", [{"label": "fraud", "label_time": "2025-06-15T15:46:40.000Z", "counts": False}]),
        ("e3", []),
    ]


def test_a_value_that_is_not_the_engines_is_told(explain: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def enrich(*arguments: Any) -> Iterator[Enriched]:
        for enriched in offline.enrich(*arguments):
            enriched.features = [value + 1 for value in enriched.features]
            yield enriched

    monkeypatch.setattr(explaining, "enrich", enrich)
    shown = explain("e3", "--feature", "user_count_1h")
    assert shown.status == 1
    assert "user_count_1h 3 2 events but what is listed gives 2" in lines(shown.out)
    assert f"0 of 1 values of {VERSION}: what is" in shown.out
    assert "A late event counts only for what is read after it came" in shown.out


@pytest.mark.parametrize(
    ("event", "options", "with_labels", "said"),
    [
        ("e9", (), True, "EVENT_ID: no event e9 among the events that --events names"),
        ("e3", ("--user", "eve"), True, "no event e3 of the user eve"),
        ("e4", (), True, "2 users have an event e4: name one with --user ann"),
        (
            "e3",
            ("--feature", "user_count_2h"),
            True,
            "--feature user_count_2h: no such feature; did you mean user_count_1h?",
        ),
        ("e3", (), False, "looks at labels: name them with --labels"),
    ],
)
def test_a_users_mistake_is_told(
    event: str, options: tuple[str, ...], with_labels: bool, said: str, explain: Any
) -> None:
    ended = explain(event, *options, with_labels=with_labels)
    assert ended.status == 2
    assert said in ended.err
