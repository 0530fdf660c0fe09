"""`sealwax topics` on a cluster: made once, left as they are, and what is wrong is named."""

import json
import os
import re
from collections import defaultdict
from pathlib import Path

import pytest

from dataflows.connectors.admin import TopicDescription
from dataflows.settings import TopicSettings, load_settings
from dataflows.to_end import records_to_end
from dataflows.topics import as_found, flow_topics, mismatches
from tests.cli.running import Sealwax
from tests.conftest import MakeTopic

pytestmark = pytest.mark.kafka

NAMES = tuple(TopicSettings.model_fields)
SINGLE = ("decisions", "control", "policy_changes", "dead_letters")
"""Topics of one partition."""


@pytest.fixture
def settings(bootstrap: str, tmp_path: Path) -> Path:
    """A settings file that names the cluster, and topics that no other test has."""
    run = os.urandom(4).hex()
    topics = "\n".join(f'{name} = "{name}-{run}"' for name in NAMES)
    file = tmp_path / "sealwax.toml"
    file.write_text(f'[kafka]\nbootstrap = "{bootstrap}"\n[topics]\n{topics}\n')
    return file


def _rows(printed: str) -> dict[str, list[str]]:
    cells = [line.split() for line in printed.splitlines()]
    return {row[0].rpartition("-")[0]: row[1:] for row in cells if row and row[0].startswith(NAMES)}


def test_created_once_and_then_left_alone(sealwax: Sealwax, settings: Path) -> None:
    made = sealwax("topics", "create", "--config", settings, "--partitions", 3)
    assert made.status == 0
    rows = _rows(made.out)
    partitions = dict.fromkeys(NAMES, "3") | dict.fromkeys(SINGLE, "1")
    assert {name: row[0] for name, row in rows.items()} == partitions
    assert {name for name, row in rows.items() if row[2] == "compact"} == {"user_risk", "control"}
    assert int(rows["dead_letters"][3].replace(",", "")) >= 16 * 1024 * 1024
    assert all(row[-1] == "created" for row in rows.values())
    again = sealwax("topics", "create", "--config", settings)
    assert again.status == 0
    assert "created" not in again.out
    assert {name: row[0] for name, row in _rows(again.out).items()} == {name: row[0] for name, row in rows.items()}


def test_another_number_of_partitions_is_refused_and_changes_nothing(sealwax: Sealwax, settings: Path) -> None:
    sealwax("topics", "create", "--config", settings, "--partitions", 2)
    ended = sealwax("topics", "create", "--config", settings, "--partitions", 5)
    assert ended.status == 2
    assert ended.err.count("has 2 partitions, not 5") == 5
    assert _rows(ended.out)["transactions"][0] == "2"


def test_the_list_names_what_is_missing(sealwax: Sealwax, settings: Path) -> None:
    empty = sealwax("topics", "list", "--config", settings)
    assert empty.status == 2
    assert empty.err.count("missing: `sealwax topics create` makes it") == len(NAMES)
    sealwax("topics", "create", "--config", settings)
    whole = sealwax("topics", "list", "--config", settings)
    assert (whole.status, whole.err) == (0, "")


def test_files_are_sent_keyed_by_user_and_in_order(sealwax: Sealwax, settings: Path, tmp_path: Path) -> None:
    sealwax("topics", "create", "--config", settings, "--partitions", 3)
    values = [
        json.dumps(
            {"event_id": f"e-{n}", "event_type": "login", "event_time": 1_700_000_000_000 + n, "user_id": f"u-{n % 7}"}
        )
        for n in range(2_500)
    ]
    (tmp_path / "events.jsonl").write_text("\n".join(values))
    label = {"event_id": "e-1", "user_id": "u-1", "label": "fraud", "label_time": 1_700_000_000_000, "source": "bank"}
    (tmp_path / "labels.jsonl").write_text(json.dumps(label) + "\n")
    (tmp_path / "decisions.jsonl").write_text("{}\n{}\n")
    files = ("--events", "events.jsonl", "--labels", "labels.jsonl", "--decisions", "decisions.jsonl")
    sent = sealwax("topics", "send", "--config", settings, *files)
    assert sent.status == 0
    assert re.search(r"2,500 records of events.jsonl sent to .+\n1 records of labels.jsonl sent to ", sent.out)
    assert "2 records of decisions.jsonl sent to decisions-" in sent.out
    chosen = load_settings(settings)
    cluster = f"kafka://{chosen.kafka.bootstrap}"
    by_user: dict[str, list[str]] = defaultdict(list)
    users_of: dict[str, set[str]] = defaultdict(set)
    for place, record in records_to_end(cluster, chosen.topics.transactions, chosen.kafka.client()):
        user = json.loads(record.value)["user_id"]
        assert record.key == user.encode()
        by_user[user].append(record.value.decode())
        users_of[user].add(place.partition(",")[0])
    assert {user: [value for value in values if f'"{user}"' in value] for user in by_user} == by_user
    assert all(len(partitions) == 1 for partitions in users_of.values())


def test_bad_records_go_along_for_the_flow_to_judge(sealwax: Sealwax, settings: Path, tmp_path: Path) -> None:
    sealwax("topics", "create", "--config", settings)
    (tmp_path / "events.jsonl").write_text("{}\n")
    assert sealwax("topics", "send", "--config", settings, "--events", "events.jsonl").status == 0
    chosen = load_settings(settings)
    cluster = f"kafka://{chosen.kafka.bootstrap}"
    (found,) = records_to_end(cluster, chosen.topics.transactions, chosen.kafka.client())
    assert (found[1].key or b"", found[1].value) == (b"", b"{}")


def test_a_mistake_in_what_is_sent_is_told(sealwax: Sealwax, settings: Path) -> None:
    nothing = sealwax("topics", "send", "--config", settings)
    assert (nothing.status, "--events, --labels, --decisions or --control" in nothing.err) == (2, True)
    untold = sealwax("topics", "send", "--config", settings, "--events", "nowhere.jsonl")
    assert (untold.status, "Traceback" in untold.err) == (2, False)


def test_a_topic_that_cannot_serve_is_named_with_its_mending(
    sealwax: Sealwax, bootstrap: str, make_topic: MakeTopic, tmp_path: Path
) -> None:
    plain = make_topic()
    (tmp_path / "sealwax.toml").write_text(f'[topics]\nuser_risk = "{plain}"\n')
    ended = sealwax("topics", "list", "--bootstrap", bootstrap)
    assert f"{plain}: is not compacted: set its cleanup.policy to compact" in ended.err


def test_no_broker_is_an_error_of_the_user(sealwax: Sealwax, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dataflows.connectors.admin.ANSWER_SECONDS", 0.2)
    ended = sealwax("topics", "list", "--bootstrap", "127.0.0.1:1")
    assert ended.status == 2
    assert "Traceback" not in ended.err


def test_what_an_existing_topic_may_differ_in() -> None:
    plans = flow_topics(TopicSettings(), 4)
    found = [TopicDescription(plan.name, 4, 3, plan.compacted, 1_048_588) for plan in plans]
    assert mismatches(plans, found)[-1].startswith("dead-letters: takes records of 1,048,588 bytes only")
    assert as_found(plans, found[1:])[-1] == plans[0]
    assert [plan.partitions for plan in as_found(plans, found)] == [4] * len(plans)
