"""What goes from step to step is packed by who has to have it: all of it, once, in order."""

from hypothesis import given
from hypothesis import strategies as st

from contracts.events import Event, Label
from contracts.keys import KEY_GROUPS, fingerprint, key_group
from dataflows.connectors.base import OutputRecord
from dataflows.reading import SourceBatch
from dataflows.steps.gather import gather
from dataflows.steps.route import GROUP_KEYS, route
from dataflows.steps.spread import to_entities, to_join
from operators.packs import Arrival, Enriched, EntityLabel, Query, Reply
from operators.users import UserOutput

USERS = st.sampled_from([f"u{number}" for number in range(9)])
GROUPS = st.integers(0, KEY_GROUPS - 1)


def arrival(user: str, offset: int) -> Arrival:
    return Arrival(Event(f"e{offset}", "payment", 1_600_000_000_000, user), 0, offset, False, 0)


@st.composite
def batches(draw: st.DrawFn) -> list[SourceBatch]:
    drawn = []
    for number in range(draw(st.integers(0, 3))):
        batch = SourceBatch(number)
        batch.arrivals = [arrival(user, offset) for offset, user in enumerate(draw(st.lists(USERS, max_size=6)))]
        batch.labels = [
            Label(f"e{n}", user, "fraud", n, "") for n, user in enumerate(draw(st.lists(USERS, max_size=4)))
        ]
        batch.letters = [OutputRecord("id", b"", b"", "", 0)] * draw(st.integers(0, 1))
        batch.watermark = draw(st.none() | st.integers(0, 9))
        drawn.append(batch)
    return drawn


@given(batches())
def test_route_gives_each_group_its_users_and_all_watermarks(given_batches: list[SourceBatch]) -> None:
    packs = dict(route(given_batches))
    for group, key in enumerate(GROUP_KEYS):
        arrivals = [one for batch in given_batches for one in batch.arrivals if key_group(one.event.user_id) == group]
        labels = [one for batch in given_batches for one in batch.labels if key_group(one.user_id) == group]
        watermarks = [(batch.input, batch.watermark) for batch in given_batches if batch.watermark is not None]
        if arrivals or labels or watermarks:
            pack = packs.pop(key)
            assert (pack.group, pack.arrivals, pack.labels, pack.watermarks) == (group, arrivals, labels, watermarks)
    assert not packs


@st.composite
def outputs(draw: st.DrawFn) -> list[tuple[str, UserOutput]]:
    drawn = []
    for group in draw(st.lists(GROUPS, max_size=4)):
        output = UserOutput()
        merchants = [fingerprint(f"m{number}") for number in draw(st.lists(st.integers(0, 8), max_size=5))]
        output.enriched = [Enriched(arrival("u", number), [0.5], b"", 1, False) for number in range(len(merchants))]
        output.queries = [Query(0, one, 0, (1,), group, number) for number, one in enumerate(merchants)]
        output.labels = [EntityLabel(0, one, 0, number, "fraud", "", 1) for number, one in enumerate(merchants[::2])]
        output.watermark = draw(st.none() | st.integers(0, 9))
        drawn.append((GROUP_KEYS[group], output))
    return drawn


@given(outputs())
def test_spread_gives_each_entity_group_its_own_and_all_watermarks(items: list[tuple[str, UserOutput]]) -> None:
    packs = dict(to_entities(items))
    for group, key in enumerate(GROUP_KEYS):
        queries = [one for _, output in items for one in output.queries if one.entity % KEY_GROUPS == group]
        labels = [one for _, output in items for one in output.labels if one.entity % KEY_GROUPS == group]
        watermarks = [(int(key), output.watermark) for key, output in items if output.watermark is not None]
        if queries or labels or watermarks:
            pack = packs.pop(key)
            assert (pack.group, pack.queries, pack.labels, pack.watermarks) == (group, queries, labels, watermarks)
    assert not packs


@given(outputs())
def test_the_join_gets_each_groups_events_in_order(items: list[tuple[str, UserOutput]]) -> None:
    packs = list(to_join(items))
    assert [(key, pack.enriched) for key, pack in packs] == [
        (key, output.enriched) for key, output in items if output.enriched
    ]
    assert all((GROUP_KEYS[pack.group], pack.replies) == (key, []) for key, pack in packs)


@given(st.lists(st.tuples(GROUPS, st.lists(GROUPS, max_size=5)), max_size=4))
def test_gather_gives_each_group_the_replies_that_it_asked_for(asked: list[tuple[int, list[int]]]) -> None:
    items = [(GROUP_KEYS[n], [Reply(t, 0, [], False, group) for t, group in enumerate(groups)]) for n, groups in asked]
    replies = [reply for _, given_replies in items for reply in given_replies]
    packs = dict(gather(items))
    assert set(packs) == {GROUP_KEYS[reply.group] for reply in replies}
    for key, pack in packs.items():
        assert (GROUP_KEYS[pack.group], pack.enriched) == (key, [])
        assert pack.replies == [reply for reply in replies if reply.group == pack.group]
