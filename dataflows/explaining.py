"""What one event's features are made of: the log replayed up to it, and read beside the engine for what counts.

Only events that share one of its entities are replayed, which are few: what takes time is to read the log.
"""

from collections.abc import Collection, Iterable
from itertools import takewhile
from operator import attrgetter
from typing import Protocol

from contracts.events import Event, Label
from contracts.keys import fingerprint
from dataflows.errors import UserError
from dataflows.offline import enrich
from operators.features import FeatureSet
from operators.features.definition import FeatureFile
from operators.features.entity import pair
from operators.features.explanation import Evidence, Explanation


class Log(Protocol):
    """Events and labels of the past, read anew by each call."""

    def events(self) -> Iterable[Event]:
        """In the order of the log."""

    def labels(self) -> Iterable[Label]:
        """Those of one time in the order of the log."""


def explain_event(
    log: Log, features: FeatureSet, file: FeatureFile, event_id: str, user_id: str | None
) -> tuple[Event, list[Explanation]]:
    """The event and each of its features, in the order of the set; `file` declares what `features` computes.

    Raises UserError where there is no such event, or where several users have one and none is named.
    """
    event = find_event(log.events(), event_id, user_id, "among the events that --events names")
    evidence = Evidence(file, event)
    wanted = {_key(one) for one in log.events() if evidence.concerns(one)}
    labels = sorted((one for one in log.labels() if _key(one) in wanted), key=attrgetter("label_time"))
    vector, capped = _retrace(log.events(), labels, features, evidence, event, wanted)
    for label in labels:
        evidence.add_label(label)
    return event, list(evidence.explanations(vector, capped))


def find_event(events: Iterable[Event], event_id: str, user_id: str | None, where: str) -> Event:
    """The event of an id; `where` tells what was searched.

    Raises UserError where there is none, or where several users have one and none is named.
    """
    found: dict[str, Event] = {}
    for event in events:
        if event.event_id == event_id and user_id in (None, event.user_id):
            found.setdefault(event.user_id, event)
    if not found:
        of_user = "" if user_id is None else f" of the user {user_id}"
        raise UserError(f"EVENT_ID: no event {event_id}{of_user} {where}")
    if len(found) > 1:
        raise UserError(f"EVENT_ID: {len(found)} users have an event {event_id}: name one with --user {min(found)}")
    return next(iter(found.values()))


def _retrace(
    events: Iterable[Event],
    labels: Iterable[Label],
    features: FeatureSet,
    evidence: Evidence,
    event: Event,
    wanted: Collection[int],
) -> tuple[list[float], tuple[str, ...]]:
    """Replays what is wanted of a log until the event is answered, and notes what of it may be part of the answer."""
    vector: list[float] = []
    capped: tuple[str, ...] = ()

    read = takewhile(lambda _: not vector, events)
    for enriched in enrich(read, labels, features, lambda one: _key(one) in wanted):
        evidence.add(enriched.arrival.event, enriched.arrival.late)
        if not vector and _key(enriched.arrival.event) == _key(event):
            vector, capped = enriched.features, enriched.capped
    return vector, capped


def _key(record: Event | Label) -> int:
    """What duplicates have in common."""
    return fingerprint(pair(record.user_id, record.event_id))
