"""The flow's own operators over files, without the engine: training sets and feature files."""

from collections.abc import Iterable, Iterator
from itertools import islice

from contracts.events import Event, Label
from contracts.scoring import ScoringInput
from dataflows.period import Period
from operators.entities import EntityGroup
from operators.features import FeatureSet
from operators.join import OrderedJoin
from operators.packs import Arrival, EntityPack, JoinPack, UserPack
from operators.settling import ABSENT_INPUT, UNKNOWN, lateness
from operators.state import DictStates
from operators.users import UserGroup

_CHUNK = 1_000


def replay(
    events: Iterable[Event], labels: Iterable[Label], feature_set: FeatureSet
) -> Iterator[tuple[Event, ScoringInput]]:
    """Every event in order, duplicates dropped, with what a scorer would be given live.

    Events come in the order of the log; labels in the order of their label_time.
    """
    users = UserGroup(feature_set, DictStates(), group=0, inputs=2)
    entities = EntityGroup(feature_set, DictStates(), inputs=1)
    join = OrderedJoin(feature_set)
    for pack in _packs(events, labels, lateness(feature_set.settle)):
        output = users.on_pack(pack)
        watermark = [] if output.watermark is None else [(0, output.watermark)]
        replies = entities.on_pack(EntityPack(0, output.queries, output.labels, watermark))
        for enriched in join.on_pack(JoinPack(0, output.enriched, replies)):
            yield enriched.arrival.event, ScoringInput(tuple(enriched.features), enriched.window)
        entities.touched()  # nobody takes snapshots: what they would write is let go
        join.take_filled()


def replay_period(
    events: Iterable[Event], labels: Iterable[Label], feature_set: FeatureSet, period: Period
) -> Iterator[tuple[Event, ScoringInput]]:
    """The events of a period as `replay` gives them.

    Earlier ones build the state; later ones are left out, since nothing of the period depends on them.
    """
    read = (event for event in events if period.end is None or event.event_time < period.end)
    return ((event, scored) for event, scored in replay(read, labels, feature_set) if event.event_time in period)


def _packs(events: Iterable[Event], labels: Iterable[Label], allowed: int) -> Iterator[UserPack]:
    remaining, waiting = iter(events), iter(labels)
    label = next(waiting, None)
    latest, offset = UNKNOWN, 0
    while chunk := list(islice(remaining, _CHUNK)):
        arrivals = []
        for event in chunk:
            arrivals.append(Arrival(event, 0, offset, event.event_time < latest - allowed, 0))
            latest, offset = max(latest, event.event_time), offset + 1
        known = []
        while label is not None and label.label_time <= latest:
            known.append(label)
            label = next(waiting, None)
        settled = ABSENT_INPUT if label is None else label.label_time
        yield UserPack(0, arrivals, known, [(0, latest - allowed), (1, settled)])
    yield UserPack(0, [], [], [(0, ABSENT_INPUT), (1, ABSENT_INPUT)])
