"""Packs between processes: what comes out of the engine's pickling is what went in."""

import pickle
from math import nan

import pytest

from contracts.events import Event, Label
from operators.packs import (
    Arrival,
    Enriched,
    EntityLabel,
    EntityPack,
    JoinPack,
    Pack,
    Query,
    Reply,
    Scored,
    ScoredPack,
    UserPack,
)

BIG = 2**63 - 1
EVENT = Event("é", "payment", 1_522_540_800_000, "u", amount=10**14, attributes={"a": 1.5, "b": True, "c": "d"})
ARRIVAL = Arrival(EVENT, 31, 2**40, True, 1_522_540_800_001)
ENRICHED = Enriched(ARRIVAL, [0.1, nan, -1.0], bytes(range(256)), 2, False)
PACKS = [
    UserPack(3, [ARRIVAL], [Label("e", "u", "fraud", 5, "bank")], [(0, 2**62), (1, -(2**62))]),
    EntityPack(3, [Query(1, BIG, 5, (1, 0, -BIG - 1, BIG), 63, BIG)], [EntityLabel(0, 1, 2, 4, "abuse", "", 5)], []),
    JoinPack(63, [ENRICHED], [Reply(BIG, 1, [0.25, nan], True, 63)]),
    ScoredPack(0, [Scored(ENRICHED, 0.123456), Scored(ENRICHED, None)]),
]


@pytest.mark.parametrize("pack", PACKS, ids=lambda pack: type(pack).__name__)
def test_a_pack_comes_out_as_it_went_in(pack: Pack) -> None:
    again = pickle.loads(pickle.dumps(pack))
    assert type(again) is type(pack)
    assert repr(again) == repr(pack)


def test_a_token_is_an_input_position() -> None:
    tokens = {Arrival(EVENT, partition, offset, False, 0).token for partition in range(8) for offset in (0, 1, 2**43)}
    assert len(tokens) == 24
    assert max(tokens) < BIG
