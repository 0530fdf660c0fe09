"""The ordered join: events leave in the order they came, all of them, whatever the order of the replies."""

from collections.abc import Collection
from random import Random
from typing import TypeVar

from hypothesis import given
from hypothesis import strategies as st

from contracts.events import Event
from operators.features import parse_feature_set
from operators.join import OrderedJoin
from operators.packs import Arrival, Enriched, JoinPack, Reply, encode_list, list_decoder

FEATURES = parse_feature_set(
    'name = "two"\n'
    + "".join(
        f'[[features]]\nname = "{kind}_{{window}}"\nentity = "{kind}"\naggregate = "count"\nwindows = ["1d", "2d"]\n'
        for kind in ("merchant", "card")
    ),
    "two.toml",
)
T = TypeVar("T")
CARD, MERCHANT = range(2)
assert list(FEATURES.entities) == ["card", "merchant"]

KINDS = st.sets(st.sampled_from([CARD, MERCHANT]))


def event(offset: int, kinds: Collection[int]) -> Enriched:
    arrival = Arrival(Event(f"e{offset}", "payment", 0, "u"), 3, offset, False, 0)
    return Enriched(arrival, [-1.0] * 4, b"", sum(1 << kind for kind in kinds), False)


def reply(one: Enriched, kind: int) -> Reply:
    offset = one.arrival.offset
    return Reply(one.arrival.token, kind, [offset + kind / 4, offset + 0.5 + kind / 4], kind == CARD, 0)


@given(st.lists(KINDS, max_size=20), st.integers(0, 2**32), st.sampled_from([0.0, 0.3]))
def test_order_is_kept_and_nothing_is_lost(asked: list[set[int]], seed: int, restarts: float) -> None:
    random = Random(seed)
    events = [event(offset, kinds) for offset, kinds in enumerate(asked)]
    replies = [reply(one, kind) for one, kinds in zip(events, asked, strict=True) for kind in kinds]
    random.shuffle(replies)
    join, released = OrderedJoin(FEATURES), []
    coming = list(events)
    while coming or replies:
        pack = JoinPack(0, take(coming, random), take(replies, random))
        released += join.on_pack(pack)
        if random.random() < restarts:
            join = restarted(join)
    assert (join.left, join.came, join.early) == (len(events), len(events), [])
    assert [one.arrival for one in released] == [one.arrival for one in events]
    for one, kinds in zip(released, asked, strict=True):
        merchant = reply(one, MERCHANT).features if MERCHANT in kinds else [-1.0, -1.0]
        card = reply(one, CARD).features if CARD in kinds else [-1.0, -1.0]
        assert (one.features, one.late, one.waiting) == ([*merchant, *card], CARD in kinds, 0)


def take(items: list[T], random: Random) -> list[T]:
    """The next few."""
    count = random.randint(0, 3)
    taken = items[:count]
    del items[:count]
    return taken


def restarted(join: OrderedJoin) -> OrderedJoin:
    """Another join with what state keeps of this one."""
    again = OrderedJoin(FEATURES)
    again.restore(join.left, recoded(join.waiting(0), Enriched), [])
    again.early = recoded(join.early, Reply)
    return again


def recoded(items: list[T], kind: type[T]) -> list[T]:
    return list_decoder(kind)(encode_list(items))


def test_the_first_holds_back_those_behind_it() -> None:
    join = OrderedJoin(FEATURES)
    first, second, third = event(0, {MERCHANT}), event(1, ()), event(2, ())
    assert join.on_pack(JoinPack(0, [first, second], [])) == []
    assert join.on_pack(JoinPack(0, [third], [])) == []
    assert join.on_pack(JoinPack(0, [], [reply(first, MERCHANT)])) == [first, second, third]
