"""The records of changes of the policy: that one was accepted, and from which event in a partition on it counts."""

from collections.abc import Iterable
from typing import Final

from contracts.control import ControlChange, EffectiveFrom, encode_accepted, encode_effective
from contracts.events import Position
from dataflows.connectors.base import OutputRecord
from operators.packs import Arrival
from operators.policy import Timeline

_MOST: Final = 500
"""Changes in one record of where they count from."""

_TYPE: Final = "sealwax.policy-change"


def accepted_record(change: ControlChange, position: Position, received: int) -> OutputRecord:
    """That a change was accepted; `position` is that of its control record."""
    identity, value = encode_accepted(change, position)
    return OutputRecord(identity, b"", value, _TYPE, change.effective_at, received)


def effective_records(arrivals: Iterable[Arrival], topic: str, timeline: Timeline, peak: int) -> list[OutputRecord]:
    """From which of a partition's next events on changes count; `peak` is how far it had come before them."""
    records = []
    for arrival in arrivals:
        time = arrival.event.event_time
        if time <= peak:
            continue
        ids = timeline.changes(peak, time)
        position = Position(topic, arrival.partition, arrival.offset)
        for start in range(0, len(ids), _MOST):
            policy = timeline.at(time).versions.policy
            identity, value = encode_effective(EffectiveFrom(tuple(ids[start : start + _MOST]), time, position, policy))
            records.append(OutputRecord(identity, b"", value, _TYPE, time, arrival.received))
        peak = time
    return records
