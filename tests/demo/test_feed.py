"""What the shop tells the flow: every event once and some twice, and records that nothing can read."""

from itertools import islice

import pytest

from contracts.codec import InvalidRecordError, decode_event
from contracts.events import Label
from dataflows.connectors.memory import MemoryLog, MemoryOutput
from dataflows.demo.broken import breakages
from dataflows.demo.feed import Feed
from dataflows.demo.plan import DemoPlan
from dataflows.demo.tally import Tally
from dataflows.errors import UserError
from dataflows.settings import TopicSettings
from dataflows.simulator.shop import Shop, ShopSettings
from tests.demo.moments import event

TOPICS = TopicSettings()


@pytest.mark.parametrize("number", range(len(breakages(event(1).event))))
def test_every_breakage_is_unreadable(number: int) -> None:
    with pytest.raises(InvalidRecordError):
        decode_event(breakages(event(1).event)[number])


def test_the_feed_counts_what_it_sends() -> None:
    log, tally = MemoryLog({TOPICS.transactions: 4, TOPICS.labels: 4}), Tally()
    feed = Feed(MemoryOutput(log), TOPICS, tally, lambda: 1.0)
    told = list(islice(Shop(ShopSettings(users=200, days=20)).stream(), 2_500))
    feed.tell(told[:1_000], live=False)
    feed.tell(told[1_000:], live=True)
    feed.flush()

    records = [record for number in range(4) for record in log.records(TOPICS.transactions, number)]
    sent = [record.id for record in records]
    events = [one.event.event_id for one in told if not isinstance(one, Label)]
    assert tally.distinct == len(events)
    assert tally.labels == len(told) - len(events)
    assert (tally.repeats, tally.broken) == (len(events) // 300, len(events) // 500)
    assert len(sent) == tally.distinct + tally.repeats + tally.broken
    assert {identity for identity in sent if not identity.startswith("broken-")} == set(events)


def test_a_users_events_share_a_partition_repeats_included() -> None:
    log = MemoryLog({TOPICS.transactions: 4, TOPICS.labels: 4})
    feed = Feed(MemoryOutput(log), TOPICS, Tally(), lambda: 1.0)
    feed.tell(list(islice(Shop(ShopSettings(users=50, days=50)).stream(), 1_000)), live=True)
    homes: dict[bytes | None, set[int]] = {}
    for number in range(4):
        for record in log.records(TOPICS.transactions, number):
            if not record.id.startswith("broken-"):
                homes.setdefault(record.key, set()).add(number)
    assert all(len(numbers) == 1 for numbers in homes.values())


def test_the_shop_stays_open_longer_than_the_demo() -> None:
    plan = DemoPlan(seconds=10, rate=200, users=300, history=1_000)
    assert len(list(islice(Shop(plan.shop()).stream(), 3_001))) == 3_001


def test_a_shop_whose_time_would_run_away_is_refused() -> None:
    with pytest.raises(UserError, match="raise --users"):
        DemoPlan(seconds=3_600, rate=1_000, users=100).shop()
