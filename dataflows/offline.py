"""The flow's own operators over files, without the engine: training sets and feature files."""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import TypeAlias, TypeVar

from contracts.events import Event, Label
from contracts.scoring import ScoringInput
from dataflows.period import Period
from operators.entities import EntityGroup
from operators.features import FeatureSet
from operators.join import OrderedJoin
from operators.packs import Arrival, Enriched, EntityPack, JoinPack, UserPack
from operators.ring import Ring
from operators.settling import ABSENT_INPUT, UNKNOWN, lateness
from operators.state import DictStates
from operators.users import UserGroup, UserState

S = TypeVar("S")
Wanted: TypeAlias = Callable[[Event], bool]

_CHUNK = 1_000
_FEW_STATES = 10_000


def replay(
    events: Iterable[Event], labels: Iterable[Label], feature_set: FeatureSet
) -> Iterator[tuple[Event, ScoringInput]]:
    """Every event in order, duplicates dropped, with what a scorer would be given live."""
    return _inputs(enrich(events, labels, feature_set))


def enrich(
    events: Iterable[Event], labels: Iterable[Label], feature_set: FeatureSet, only: Wanted | None = None
) -> Iterator[Enriched]:
    """Every event in order, duplicates dropped, as it would leave the join live.

    Events come in the order of the log; labels in the order of their label_time. Of events that are not wanted the
    times alone are noted, by which others are late.
    """
    of_users, of_entities = _SweptStates[UserState](), _SweptStates[Ring]()
    users = UserGroup(feature_set, of_users, group=0, inputs=2)
    entities = EntityGroup(feature_set, of_entities, inputs=1)
    join = OrderedJoin(feature_set)
    for pack in _packs(events, labels, lateness(feature_set.settle), only):
        output = users.on_pack(pack)
        watermark = [] if output.watermark is None else [(0, output.watermark)]
        replies = entities.on_pack(EntityPack(0, output.queries, output.labels, watermark))
        yield from join.on_pack(JoinPack(0, output.enriched, replies))
        entities.touched()  # nobody takes snapshots: what they would write is let go
        join.take_filled()
        of_users.sweep(lambda _, state: users.rest(state))
        of_entities.sweep(entities.rest)


class _SweptStates(DictStates[S]):
    """States of which the idle are forgotten, so that a replay's memory is that of its windows, not of its log."""

    def __init__(self) -> None:
        super().__init__()
        self._most = _FEW_STATES

    def sweep(self, rest: Callable[[str, S], S | None]) -> None:
        """Keep of each what `rest` says, once there are twice as many as were left the last time."""
        if len(self) < self._most:
            return
        for key, state in list(self.items()):
            kept = rest(key, state)
            if kept is None:
                self.delete(key)
            else:
                self.put(key, kept)
        self._most = 2 * len(self) + _FEW_STATES


def replay_period(
    events: Iterable[Event], labels: Iterable[Label], feature_set: FeatureSet, period: Period
) -> Iterator[tuple[Event, ScoringInput]]:
    """The events of a period as `replay` gives them."""
    return _inputs(enrich_period(events, labels, feature_set, period))


def enrich_period(
    events: Iterable[Event], labels: Iterable[Label], feature_set: FeatureSet, period: Period
) -> Iterator[Enriched]:
    """The events of a period as `enrich` gives them.

    Earlier ones build the state; later ones are left out, since nothing of the period depends on them.
    """
    read = (event for event in events if period.end is None or event.event_time < period.end)
    return (one for one in enrich(read, labels, feature_set) if one.arrival.event.event_time in period)


def _inputs(enriched: Iterable[Enriched]) -> Iterator[tuple[Event, ScoringInput]]:
    for one in enriched:
        event = one.arrival.event
        yield event, ScoringInput(tuple(one.features), one.window, event.text)


def _packs(events: Iterable[Event], labels: Iterable[Label], allowed: int, only: Wanted | None) -> Iterator[UserPack]:
    remaining, waiting = iter(events), iter(labels)
    label = next(waiting, None)
    latest, offset = UNKNOWN, 0
    while chunk := list(islice(remaining, _CHUNK)):
        arrivals = []
        for event in chunk:
            if only is None or only(event):
                arrivals.append(Arrival(event, 0, offset, event.event_time < latest - allowed, 0))
            latest, offset = max(latest, event.event_time), offset + 1
        known = []
        while label is not None and label.label_time <= latest:
            known.append(label)
            label = next(waiting, None)
        settled = ABSENT_INPUT if label is None else label.label_time
        yield UserPack(0, arrivals, known, [(0, latest - allowed), (1, settled)])
    yield UserPack(0, [], [], [(0, ABSENT_INPUT), (1, ABSENT_INPUT)])
