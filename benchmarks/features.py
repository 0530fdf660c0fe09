"""Features: CPU time of feature work for each event, beside windows written by hand.

    python -m benchmarks.features [--full]

Feature work is what a feature set adds to an event on its way: its values for the columns, its place in the rings of
its entities, the windows read. The operators around it (duplicates, event windows, settling, the join) are measured
too, as a replay runs them, with states in memory. The baseline keeps for each entity and window a deque with running
sums, which is what one writes by hand; it gives counts and sums only, and only in order.
"""

import argparse
import gc
import resource
import time
from collections import defaultdict, deque
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from random import Random
from statistics import median
from typing import Final, NamedTuple

from msgspec.structs import replace
from rich.console import Console
from rich.table import Table

from benchmarks.events import events, one_event_each
from benchmarks.machine import calibration, machine
from contracts.codec import decode_event
from contracts.events import Event
from dataflows.offline import replay
from operators.features import FeatureSet, parse_feature_set
from operators.features.plan import EntityPlan
from operators.ring import Ring
from operators.users import UserState

_TWELVE: Final = (Path(__file__).parent / "features-12.toml").read_text()
_USERS: Final = 10_000
_HOT: Final = "m00000"
_WINDOWS: Final = ("1m", "10m", "1h", "1d", "7d", "30d")
_KINDS: Final = (
    'aggregate = "count"',
    'aggregate = "sum"\nfield = "amount"\nwhere = { event_type = ["payment"] }',
    'aggregate = "mean"\nfield = "amount"\nwhere = { event_type = ["payment"] }',
    'aggregate = "count"\nwhere = { event_type = ["payment"], outcome = ["declined"] }',
    'aggregate = "share"\nwhere = { event_type = ["refund"] }',
)


class Cost(NamedTuple):
    """CPU µs an event: of feature work, and of the operators with it."""

    work: float
    operators: float


def feature_set(count: int, entities: tuple[str, ...], windows: tuple[str, ...] = _WINDOWS) -> FeatureSet:
    """So many features, dealt out to the entities, windows and kinds of aggregate in turn."""
    declared = []
    kinds = [(entity, window, kind) for kind in _KINDS for window in windows for entity in entities]
    for number, (entity, window, kind) in enumerate(islice(kinds, count)):
        name = f"f{number}_{{window}}"
        declared.append(f'[[features]]\nname = "{name}"\nentity = "{entity}"\nwindows = ["{window}"]\n{kind}\n')
    assert len(declared) == count
    return parse_feature_set('name = "many"\n' + "".join(declared), "many.toml")


def measure(features: FeatureSet, stream: list[Event], repeats: int) -> Cost:
    """Medians over runs."""
    return Cost(
        median(feature_work(features, stream) for _ in range(repeats)),
        median(operators(features, stream) for _ in range(repeats)),
    )


def feature_work(features: FeatureSet, stream: list[Event]) -> float:
    """What the plans of a feature set do for an event, and nothing else: µs."""
    plans = [features.user, *features.entities.values()]
    rings: list[defaultdict[int, Ring]] = [defaultdict(plan.new_ring) for plan in plans]
    vector = [0.0] * len(features.names)
    keyed = [[(plan.identify(event), event) for event in stream] for plan in plans]

    def run() -> None:
        for plan, of_kind, named in zip(plans, rings, keyed, strict=True):
            for entity, event in named:
                if entity:
                    _one_event(plan, of_kind[entity], event, vector)

    return _timed(run) / len(stream)


def _one_event(plan: EntityPlan, ring: Ring, event: Event, vector: list[float]) -> None:
    moment, values = event.event_time, plan.extract(event)
    plan.insert(ring, moment, values)
    plan.read(ring, moment, values, vector)
    plan.trim(ring, moment, moment)


def operators(features: FeatureSet, stream: list[Event]) -> float:
    """The users', the entities' and the join's step, as a replay runs them: µs an event."""
    return _timed(lambda: deque(replay(stream, (), features), maxlen=0)) / len(stream)


def by_hand(stream: list[Event]) -> float:
    """The baseline for the twelve: counts and sums of amounts in six windows of the user and the merchant, µs."""
    sizes = (60_000, 3_600_000, 86_400_000)
    windows: defaultdict[tuple[str, int], deque[tuple[int, int]]] = defaultdict(deque)
    sums: defaultdict[tuple[str, int], int] = defaultdict(int)

    def run() -> None:
        for event in stream:
            moment, amount = event.event_time, event.amount or 0
            for entity in (event.user_id, event.merchant_id):
                for size in sizes:
                    key = entity, size
                    window = windows[key]
                    window.append((moment, amount))
                    sums[key] += amount
                    while window[0][0] <= moment - size:
                        sums[key] -= window.popleft()[1]

    return _timed(run) / len(stream)


def _timed(run: Callable[[], object]) -> float:
    gc.collect()
    gc.freeze()
    started = time.process_time()
    run()
    return (time.process_time() - started) * 1e6


def hot_keys(stream: list[Event], features: FeatureSet) -> tuple[float, float]:
    """µs an event of the merchant that has 30% of all events, and of the others, over the same windows."""
    random = Random(1)
    drawn = [replace(event, merchant_id=_HOT) if random.random() < 0.3 else event for event in stream]
    hot = [event for event in drawn if event.merchant_id == _HOT]
    return feature_work(features, hot), feature_work(features, [event for event in drawn if event.merchant_id != _HOT])


def many_keys(features: FeatureSet, users: int, stream: list[Event]) -> tuple[float, float, float]:
    """µs of feature work where so many users are known, bytes resident of one, and bytes of its state."""
    plan, rings = features.user, {}
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _, value in one_event_each(users):
        event = decode_event(value)
        ring = rings[plan.identify(event)] = plan.new_ring()
        plan.insert(ring, event.event_time, plan.extract(event))
    resident = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1_024 / users
    vector = [0.0] * len(features.names)

    def run() -> None:
        for event in stream:
            _one_event(plan, rings[plan.identify(event)], event, vector)

    return _timed(run) / len(stream), resident, float(len(UserState(ring).take_changes()[0]))


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true", help="longer, repeated more often, with a million keys")
    full = parser.parse_args().full
    count, repeats, keys = (200_000, 5, 1_000_000) if full else (50_000, 3, 100_000)
    stream = [decode_event(value) for _, value in events(count, _USERS)]
    Console(width=120).print(_table(stream, repeats, keys))


def _table(stream: list[Event], repeats: int, keys: int) -> Table:
    table = Table(
        "", "feature work, µs an event", "times by hand", "with the operators around it, µs",
        title=f"Features, {len(stream):,} events\n{machine()}",
    )  # fmt: skip
    twelve = parse_feature_set(_TWELVE, "features-12.toml")
    hand = median(by_hand(stream) for _ in range(repeats))
    table.add_row("counts and sums by hand, six windows of two entities", f"{hand:.1f}", "1.00", "")
    five = ("user", "merchant", "device", "card", "ip")
    sets = {
        "12 features of user and merchant": twelve,
        "40 features of user and merchant": feature_set(40, five[:2]),
        "120 features of five entities": feature_set(120, five),
        "12 features of the user": feature_set(12, five[:1]),
        "12 features of three entities": feature_set(12, five[:3]),
        "12 features of five entities": feature_set(12, five),
    }
    for name, features in sets.items():
        cost = measure(features, stream, repeats)
        table.add_row(name, f"{cost.work:.1f}", f"{cost.work / hand:.2f}", f"{cost.operators:.1f}")
    long = feature_set(5, ("merchant",), ("30d",))
    hot, others = hot_keys(stream, long)
    name = "a merchant with 30% of all events, windows of 30 days"
    table.add_row(name, f"{hot:.1f}", f"{hot / others:.2f} of others", "")
    some = [decode_event(value) for _, value in events(50_000, keys)]
    work, resident, encoded = many_keys(twelve, keys, some)
    note = f"{resident:,.0f} bytes a user, {encoded:,.0f} on disk"
    table.add_row(f"the user's of the twelve, {keys:,} users", f"{work:.1f}", "", note)
    table.add_row("one turn of a fixed loop of Python", f"{calibration():.2f}", "", "")
    return table


if __name__ == "__main__":
    main()
