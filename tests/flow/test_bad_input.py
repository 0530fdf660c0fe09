"""Records that no producer should send, among good ones. LONG_TESTS=1 sends 100,000 of them."""

import os
import random
from base64 import b64decode
from collections import Counter
from typing import Final

import pytest

from contracts.messages import DeadLetterMessage
from tests.contracts.bad_records import HUGE, KINDS, bad_records
from tests.flow.command import start
from tests.flow.conftest import MakeCluster, MakeDirectory
from tests.flow.harness import event_records, flow_settings, run_to_end, updates_by_event
from tests.flow.stream import make_stream
from tests.processes import finish

pytestmark = pytest.mark.kafka

BAD: Final = 100_000 if os.environ.get("LONG_TESTS") else 3_000
BAD_LABELS: Final = 200
Records = list[tuple[bytes, bytes]]


def _keyed(values: list[bytes], rng: random.Random) -> Records:
    return [(b"u%d" % rng.randrange(100), value) for value in values]


def _mixed(good: Records, bad: Records, rng: random.Random) -> Records:
    """The good in their order, with the bad anywhere among them."""
    placed = [*enumerate(good), *((rng.uniform(-1, len(good)), record) for record in bad)]
    return [record for _, record in sorted(placed, key=lambda item: item[0])]


def test_each_bad_record_has_one_dead_letter_and_no_good_one_is_lost(
    make_cluster: MakeCluster, make_directory: MakeDirectory
) -> None:
    rng = random.Random(3)
    kinds = {value: KINDS[kind].code if kind not in HUGE else "too_large" for kind, value in bad_records(4, BAD)}
    bad, bad_labels = (_keyed([value for _, value in bad_records(4, count)], rng) for count in (BAD, BAD_LABELS))
    stream = make_stream(4, 2_000)
    cluster = make_cluster()
    cluster.send(cluster.topics.transactions, _mixed(list(event_records(stream)), bad, rng))
    cluster.send(cluster.topics.labels, bad_labels)
    settings = flow_settings(
        make_directory() / "state", cluster.bootstrap, cluster.topics, dead_letters={"max_share": 1.0}, processes=2
    )
    run_to_end(settings, cluster.url, cluster.url, cluster.url)

    outputs = cluster.outputs()
    assert updates_by_event(outputs).keys() == stream.event_ids
    letters = [DeadLetterMessage.model_validate(record.value) for record in outputs.letters]
    assert {letter.letter_id for letter in letters} == {record.id for record in outputs.letters}
    assert len({letter.input for letter in letters}) == len(letters) == BAD + BAD_LABELS
    for topic, sent in ((cluster.topics.transactions, bad), (cluster.topics.labels, bad_labels)):
        told = [letter for letter in letters if letter.input.topic == topic]
        assert Counter(b64decode(letter.bytes) for letter in told) == Counter(value for _, value in sent)
    for letter in letters:
        if letter.input.topic == cluster.topics.transactions:
            assert letter.reason.code == kinds[b64decode(letter.bytes)]


@pytest.mark.parametrize("processes", [1, 2])
def test_a_topic_of_nothing_but_bad_records_stops_the_flow(
    processes: int, make_cluster: MakeCluster, make_directory: MakeDirectory
) -> None:
    rng = random.Random(5)
    cluster = make_cluster()
    cluster.send(cluster.topics.transactions, event_records(make_stream(5, 300)))
    cluster.send(cluster.topics.transactions, _keyed([value for _, value in bad_records(5, 3_000)], rng))
    settings = flow_settings(
        make_directory() / "state",
        cluster.bootstrap,
        cluster.topics,
        source={"batch_size": 50},
        dead_letters={"max_share": 0.5, "window": 200},
        processes=processes,
    )
    status, said = finish(start(settings))
    assert status == 2
    assert "records were bad: this is hardly the right topic" in said
    assert "dead_letters.max_share sets the limit" in said
    assert "Traceback" not in said
    letters = cluster.outputs().letters
    assert len({record.id for record in letters}) == len(letters)
