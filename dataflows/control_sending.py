"""Changes of the policy: made, sent to a flow, and followed until the flow says what became of them."""

import time
from base64 import b64decode
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from typing import Final, NamedTuple

import orjson
from msgspec import structs

from contracts.codec import InvalidRecordError, decode_control, decode_event
from contracts.control import ControlChange, control_key
from dataflows.connectors.base import AtOffsets, InputPartition, ReadRange
from dataflows.connectors.urls import open_input, open_output
from dataflows.control_reading import TOO_LATE
from dataflows.sending import TopicSender, change_record
from dataflows.settings import Settings
from dataflows.to_end import read_to_end, records_to_end

AHEAD: Final = 5_000
"""A change becomes effective so long (ms of event time) after the flow's present, unless somebody says when."""
FURTHER: Final = 4
"""Times as far ahead as before, where that was too late: a stream of the past may be fed at any speed."""

_LATEST: Final = 20
"""Records of each partition by which the present is found out."""
_PAUSE: Final = 0.02


class Outcome(NamedTuple):
    """What became of one change."""

    accepted: bool
    code: str = ""
    text: str = ""
    """Why it was refused."""


class Sent(NamedTuple):
    """What became of the changes that were sent, by their ids; of those that aren't named, nobody has said yet."""

    changes: Sequence[ControlChange]
    outcomes: dict[str, Outcome]


def present(url: str, settings: Settings) -> int:
    """The present of a stream in event time, epoch ms: its latest event's, and what has passed since it was written.

    So a stream of the past that is fed anew has a present of its own. Without events it is that of the wall.
    """
    topic, now = settings.topics.transactions, time.time_ns() // 1_000_000
    found = []
    starts = {}
    with closing(open_input({topic: url}, ReadRange(), settings.kafka.client())) as log:
        for place in log.partitions():
            partition = log.open(*place)
            starts[place] = partition.position + max(0, (partition.lag or 0) - _LATEST)
    read_range = ReadRange(AtOffsets(starts), stop_at_end=True)
    with closing(open_input({topic: url}, read_range, settings.kafka.client())) as log:
        for place in log.partitions():
            for records in read_to_end(log.open(*place)):
                for record in records:
                    try:
                        found.append(decode_event(record.value).event_time - (record.timestamp or now))
                    except InvalidRecordError:
                        continue
    possible = [ahead for ahead in found if ahead <= settings.source.max_ahead]  # of others, dead letters tell
    return now + max(possible, default=0)


def send_changes(changes: Sequence[ControlChange], url: str, settings: Settings) -> None:
    """Send changes, durably, and go. Raises UserError, DeliveryError."""
    with closing(open_output(url, settings.kafka.client(), source="/sealwax/policy")) as log:
        sender = TopicSender(log, settings.topics.control)
        for change in changes:
            sender.send(change_record(change))
        sender.flush()


def follow_changes(
    changes: Sequence[ControlChange], url: str, settings: Settings, patience: float, anew: Callable[[int], int] | None
) -> Sent:
    """Send changes, and wait up to `patience` seconds until the flow has said what became of each.

    Those that came too late are sent again, for the time that `anew` gives so far (ms) ahead. Raises UserError,
    DeliveryError.
    """
    topics = settings.topics
    answers = dict.fromkeys((topics.policy_changes, topics.dead_letters), url)
    deadline = time.monotonic() + patience
    outcomes: dict[str, Outcome] = {}
    ahead = AHEAD
    sent = {change.change_id: change for change in changes}
    with closing(open_input(answers, ReadRange("latest"), settings.kafka.client())) as log:
        partitions = [log.open(*place) for place in log.partitions()]
        send_changes(changes, url, settings)
        while len(outcomes) < len(sent) and time.monotonic() < deadline:
            told = {
                identity: outcome for identity, outcome in _outcomes(partitions, topics.control) if identity in sent
            }
            late = [identity for identity, outcome in told.items() if anew and outcome.code == TOO_LATE]
            if anew and late:
                ahead *= FURTHER
                at = anew(ahead)
                sent |= {identity: structs.replace(sent[identity], effective_at=at) for identity in late}
                send_changes([sent[identity] for identity in late], url, settings)
            outcomes |= {identity: outcome for identity, outcome in told.items() if identity not in late}
            time.sleep(_PAUSE)
    return Sent(list(sent.values()), outcomes)


def latest_changes(url: str, settings: Settings) -> list[ControlChange]:
    """The latest of each key that was sent, accepted or not. Raises UserError."""
    found: dict[bytes, ControlChange] = {}
    for _, record in records_to_end(url, settings.topics.control, settings.kafka.client()):
        try:
            if record.value and (change := decode_control(record.value)) is not None:
                found.pop(control_key(change), None)
                found[control_key(change)] = change
        except InvalidRecordError:
            continue  # a dead letter says so
    return list(found.values())


def _outcomes(partitions: Sequence[InputPartition], control: str) -> Iterator[tuple[str, Outcome]]:
    for partition in partitions:
        for record in partition.read(1_000):
            told = orjson.loads(record.value)
            if told.get("status") == "accepted":
                yield told["changes"][0], Outcome(True)
            elif "letter_id" in told and told["input"]["topic"] == control:
                yield _identity(b64decode(told["bytes"])), Outcome(False, **told["reason"])


def _identity(value: bytes) -> str:
    try:
        change = decode_control(value)
    except InvalidRecordError:
        return ""
    return "" if change is None else change.change_id
