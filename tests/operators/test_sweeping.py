"""Forgetting idle entities changes no value, whenever it happens."""

from pathlib import Path
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from contracts.events import Event
from dataflows.features import load_feature_set
from operators.packs import Arrival, UserPack
from operators.state import DictStates
from operators.users import UserGroup, UserState

DAY = 86_400_000
FEATURES = load_feature_set(Path(__file__).parents[2] / "dataflows/defaults/shop-features.toml")


def events(seed: int) -> list[Event]:
    """Users who come back after hours or after months."""
    random, time = Random(seed), 1_600_000_000_000
    made = []
    for number in range(150):
        time += int(random.expovariate(1 / (2 * DAY)))
        user = f"u{int(random.paretovariate(0.5)) % 20}"
        made.append(Event(f"e{number}", "payment", time, user, amount=random.randrange(10**6), country="FR"))
    return made


def run(stream: list[Event], swept_after: frozenset[int]) -> tuple[list[str], int]:
    """What every event was given, and how many states were swept."""
    states: DictStates[UserState] = DictStates()
    group = UserGroup(FEATURES, states, group=0, inputs=1)
    seen, swept = [], 0
    for offset, event in enumerate(stream):
        output = group.on_pack(UserPack(0, [Arrival(event, 0, offset, False, 0)], [], [(0, event.event_time)]))
        seen += [repr((one.features, one.window)) for one in output.enriched]
        for key, state in list(states.items()) if offset in swept_after else []:
            rest = group.rest(state)
            if rest is not state:
                swept += 1
                states.delete(key) if rest is None else states.put(key, rest)
    return seen, swept


@given(seed=st.integers(0, 10_000), swept_after=st.frozensets(st.integers(0, 149), max_size=40))
def test_sweeping_changes_nothing(seed: int, swept_after: frozenset[int]) -> None:
    stream = events(seed)
    assert run(stream, swept_after)[0] == run(stream, frozenset())[0]


def test_idle_users_are_swept() -> None:
    assert run(events(1), frozenset(range(150)))[1] > 5
