"""A merchant whose events and labels come close together, out of order and from everywhere."""

import tomllib
from collections.abc import Sequence
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.events import LABELS, Event
from operators.features import parse_feature_set
from operators.features.definition import FeatureFile
from operators.packs import Enriched
from operators.settling import lateness
from tests.features import oracle
from tests.features.compare import assert_equal
from tests.features.streams import Moment, Stream, in_place, written
from tests.features.topology import Topology, partitioned, released

SEEDS = st.integers(0, 2**32)
MOST = st.sampled_from([1, 2, 5, 1_000])
RESTARTS = st.sampled_from([0.0, 0.1])

RATE = {"aggregate": "rate", "label": "fraud", "windows": ["2s", "1m"]}
RATES = written(
    "2s",
    [
        RATE | {"entity": "merchant"},
        RATE | {"entity": "merchant", "delay": "3s", "where": {"outcome": ["ok"]}},
        RATE | {"entity": "user", "label": "legitimate"},
        {"entity": "device", "aggregate": "age"},
        {"entity": "device", "aggregate": "distinct", "field": "user_id", "windows": ["1m"]},
        {"entity": "merchant", "aggregate": "gap"},
    ],
)
SUM = {"aggregate": "sum", "field": "amount", "windows": ["500ms", "1s"]}
SUMS = written("2s", [SUM | {"entity": "merchant"}, SUM | {"entity": "user"}])
OF_USER = slice(2, 4)
LATEST = "max_events = 5\n" + written(
    "2s", [SUM | {"entity": entity, "windows": ["1s", "1m"]} for entity in ("merchant", "user")]
)


def busy(random: Random, steps: Sequence[int], backs: Sequence[float]) -> Stream:
    """One merchant, many devices, and often several labels for an event, all close together."""
    drawn = []
    for _ in range(60):
        event = Event("", "payment", 0, f"u{random.randrange(6)}", amount=random.randrange(10**6), merchant_id="m0")
        event.device_id = f"d{random.randrange(30)}"
        event.outcome = random.choice(["ok", "failed"])
        labels = [(random.choice(LABELS), random.randrange(0, 5_000, 50)) for _ in range(random.choice([0, 1, 2, 4]))]
        drawn.append(Moment(random.choice(steps), random.choice(backs), 0, event, labels))
    return in_place(drawn, lateness(2_000))


def run(text: str, stream: Stream, inputs: int, most: int, restarts: float, seed: int) -> list[Enriched]:
    topology = Topology(parse_feature_set(text, "busy.toml"), partitioned(stream, inputs, 1), seed)
    topology.run(most, restarts)
    return released(topology, stream.events)


def assert_by_definition(text: str, stream: Stream, found: list[Enriched]) -> None:
    file = FeatureFile.model_validate(tomllib.loads(text))
    wanted = oracle.vectors(file, stream.events, stream.labels)
    assert_equal(parse_feature_set(text, "busy.toml").names, [one.features for one in found], wanted)


@settings(max_examples=20)
@given(SEEDS, st.integers(2, 3), MOST, RESTARTS)
def test_reads_see_the_labels_of_their_moment(seed: int, inputs: int, most: int, restarts: float) -> None:
    stream = busy(Random(seed), (0, 50, 100, 300), (0, 0, 0.5, 1))
    found = run(RATES, stream, inputs, most, restarts, seed)
    assert_by_definition(RATES, stream, found)
    assert not any(one.late for one in found)


@settings(max_examples=20)
@given(SEEDS, st.integers(2, 3), MOST, RESTARTS)
def test_nothing_is_let_go_that_a_read_may_still_look_at(seed: int, inputs: int, most: int, restarts: float) -> None:
    stream = busy(Random(seed), (0, 50, 100, 300), (0, 0, 0.5, 1))
    assert_by_definition(SUMS, stream, run(SUMS, stream, inputs, most, restarts, seed))


@settings(max_examples=20)
@given(SEEDS, st.integers(1, 3), MOST, RESTARTS)
def test_of_a_busy_merchant_the_latest_events_are_kept_and_panes_of_the_others(
    seed: int, inputs: int, most: int, restarts: float
) -> None:
    stream = busy(Random(seed), (1, 50, 100, 300), (0,))
    assert_by_definition(LATEST, stream, run(LATEST, stream, inputs, most, restarts, seed))


@settings(max_examples=40)
@given(SEEDS, st.integers(1, 3), MOST, RESTARTS)
def test_what_comes_late_is_named_and_counts_for_its_user(seed: int, inputs: int, most: int, restarts: float) -> None:
    random = Random(seed)
    stream = busy(random, (50, 100, 300), (0, 0, 0, random.choice([1, 2, 4])))
    found = run(SUMS, stream, inputs, most, restarts, seed)
    assert all(one.late for one in found if one.arrival.late)
    if not any(one.late for one in found):
        assert_by_definition(SUMS, stream, found)
    file = FeatureFile.model_validate(tomllib.loads(SUMS))
    exact = oracle.vectors(file, stream.events, stream.labels)
    assert [one.features[OF_USER] for one in found] == [vector[OF_USER] for vector in exact]
