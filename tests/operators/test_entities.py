"""The entities' step: who is answered when, and what is late."""

from contracts.events import Event
from contracts.keys import fingerprint
from operators.entities import EntityGroup
from operators.features import FeatureSet, parse_feature_set
from operators.packs import EntityLabel, EntityPack, Query, Reply, encode_raw
from operators.ring import Ring
from operators.settling import ABSENT_INPUT
from operators.state import DictStates

START = 1_522_540_800_000
TEXT = """
name = "merchants"
settle = "2s"
[[features]]
name = "count_{window}"
entity = "merchant"
aggregate = "count"
windows = ["1h"]
"""
FEATURES = parse_feature_set(TEXT, "merchants.toml")
DELAYED = parse_feature_set(TEXT + 'delay = "10s"', "merchants.toml")
RATED = parse_feature_set(
    TEXT.replace('"count"', '"rate"').replace("count_", "rate_") + 'label = "fraud"\ndelay = "10s"', "merchants.toml"
)


class Entities:
    """One group, fed by one group of users."""

    def __init__(self, features: FeatureSet = FEATURES) -> None:
        self.features = features
        self.states: DictStates[Ring] = DictStates()
        self.group = EntityGroup(features, self.states, 1)

    def query(self, time: int, merchant: str = "m") -> Query:
        event = Event(f"e{time}", "payment", START + time, "u", merchant_id=merchant)
        values = self.features.entities["merchant"].extract(event)
        return Query(0, fingerprint(merchant), event.event_time, values, 5, time)

    def take(self, *times: int, mark: int | None = None) -> list[Reply]:
        """Events at these times (ms after START), and then a watermark."""
        watermarks = [] if mark is None else [(0, START + mark if mark < ABSENT_INPUT else mark)]
        return self.group.on_pack(EntityPack(0, [self.query(time) for time in times], [], watermarks))


def test_a_read_waits_until_the_watermark_has_passed_its_time_less_settling() -> None:
    entities = Entities()
    assert entities.take(5_000, mark=3_000) == []
    (reply,) = entities.take(mark=3_001)
    assert reply == Reply(5_000, 0, [0.0], False, 5)
    assert [one.token for one in entities.take(9_000, 8_000, 7_000, mark=6_500)] == [7_000, 8_000]
    assert [waiting for waiting in entities.group.touched().values() if waiting] == [
        [encode_raw((entities.query(9_000), None))]
    ]
    assert entities.group.touched() == {}


def test_a_read_with_a_longer_delay_waits_no_longer_than_that() -> None:
    entities = Entities(DELAYED)
    assert entities.take(10_000, mark=0) == []
    assert [one.token for one in entities.take(mark=1)] == [10_000]


def test_a_rate_waits_for_the_labels_of_its_time_whatever_its_delay() -> None:
    entities = Entities(RATED)
    assert entities.take(10_000, mark=8_000) == []
    assert [one.token for one in entities.take(mark=8_001)] == [10_000]


def test_an_event_is_late_where_a_read_should_have_seen_it() -> None:
    entities = Entities()
    assert [one.late for one in entities.take(8_000, mark=ABSENT_INPUT)] == [False]
    replies = entities.take(6_000, 6_001)  # the read at 8 s looked at what was up to 6 s
    assert [(one.token, one.late) for one in replies] == [(6_000, True), (6_001, False)]


def test_an_event_is_late_where_labels_of_later_moments_are_entered() -> None:
    entities = Entities(RATED)
    entities.take(0, 20_000)
    known = EntityLabel(0, fingerprint("m"), START, START + 15_000, "fraud", "", 1)
    entities.group.on_pack(EntityPack(0, [], [known], []))
    (_, read) = entities.take(mark=ABSENT_INPUT)
    assert read.features == [1.0]
    assert [(one.token, one.late) for one in entities.take(16_999)] == [(16_999, True)]
    assert [(one.token, one.late) for one in entities.take(17_000)] == [(17_000, False)]


def test_after_an_idle_input_speaks_again_its_reads_wait_again() -> None:
    entities = Entities()
    assert [one.token for one in entities.take(9_000, mark=ABSENT_INPUT)] == [9_000]
    assert entities.take(10_000, mark=7_500) == []
    assert [one.token for one in entities.take(mark=8_001)] == [10_000]


def test_a_label_without_its_event_is_counted() -> None:
    entities = Entities(RATED)
    entities.take(0)
    for merchant, time in [("m", 1), ("other", 0)]:
        label = EntityLabel(0, fingerprint(merchant), START + time, START + 5, "fraud", "", 1)
        entities.group.on_pack(EntityPack(0, [], [label], []))
    entities.take(mark=ABSENT_INPUT)
    assert entities.group.unmatched == 2


def test_entities_of_an_age_alone_are_kept_without_settling() -> None:
    text = 'name = "ages"\nsettle = "0s"\n[[features]]\nname = "age"\nentity = "merchant"\naggregate = "age"'
    entities = Entities(parse_feature_set(text, "ages.toml"))
    replies = entities.take(0, 0, 1_000, 1_000, mark=ABSENT_INPUT)
    assert [one.features for one in replies] == [[0.0], [0.0], [1.0], [1.0]]
