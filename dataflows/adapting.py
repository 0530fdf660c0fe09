"""Thresholds that adapt to what the flow tells: read risk updates, write control records.

Over the past, every move counts as accepted, and the result is a function of the files. Beside a live flow, a move is
in force once the flow says so (`policy-changes`); and what is there at the start is only learnt from, since the flow
has decided about it already.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from contracts.codec import InvalidRecordError, decode_control, decode_label
from contracts.control import ControlChange
from contracts.events import Label
from contracts.times import parse_time
from dataflows.connectors.base import InputRecord, OutputPartition, ReadRange
from dataflows.connectors.urls import may_hold, open_input, open_output
from dataflows.drain import draining
from dataflows.errors import UserError
from dataflows.event_order import EventOrder, Feed
from dataflows.new_file import new_file
from dataflows.sending import change_record
from dataflows.settings import Settings
from operators.policy import Policy
from operators.policy.thresholds import Courses, CourseState, Known, Scored, time_of

_IDLE: Final = 1.0
"""So many seconds at its end, a partition isn't waited for any more."""
_PAUSE: Final = 0.05
"""Seconds to wait where nothing has come."""
_SAVE: Final = 10.0
"""Seconds between two savings while nothing moves."""


class Saved(msgspec.Struct):
    """What a restart goes on from."""

    policy: str
    positions: dict[str, int]
    courses: dict[str, CourseState]
    clock: int
    written: int
    """The end of the control topic when all moves were in it."""


class Task(NamedTuple):
    """Whose thresholds adapt, and what is read for it."""

    policy: Policy
    settings: Settings
    urls: dict[str, str]
    """Where each topic is."""
    ahead: int
    """So much later in event time than what it follows from, a move counts (ms)."""


class _Update(msgspec.Struct):
    event_id: str
    event_type: str
    event_time: str
    score: float
    degraded: bool


_update = msgspec.json.Decoder(_Update).decode


def adapting_task(policy: Policy, settings: Settings, source: str, labels: str | None, ahead: int) -> Task:
    """A policy's thresholds by risk updates and, where mistakes have costs, by labels.

    Labels that aren't named are looked for beside the updates. Raises UserError where no threshold adapts.
    """
    tables, topics = policy.thresholds.values(), settings.topics
    if not any(table.capacity or table.cost for table in tables):
        raise UserError(f"{policy.source}: no threshold has a capacity or a cost, so none adapts")
    if labels is None and may_hold(source, topics.labels):
        labels = source
    urls = {topics.risk_updates: source}
    if labels is not None and any(table.cost for table in tables):
        urls[topics.labels] = labels
    return Task(policy, settings, urls, ahead)


def adapt_past(task: Task) -> Iterator[ControlChange]:
    """The moves that follow from all that is there now, each in force as it says. Raises UserError.

    All is held in memory and put in order: a flow that catches up tells of its events by the batch.
    """
    courses = Courses(task.policy, task.ahead, {})
    past: list[Known] = []
    with _open_known(task, {}, to_end=True) as known:
        while not known.exhausted:
            past += known.read() or _pause()
    for one in sorted(past, key=_order):
        for change in courses.take(one):
            courses.accept(change)
            yield change


def adapt_live(task: Task, cluster: str, state: Path, *, once: bool) -> Iterator[ControlChange]:
    """Beside the flow of a cluster: the moves, once they are sent. Raises UserError.

    Goes on until this process is asked to end; with `once`, until it has looked at all that is there.
    Ends with an error beside a policy that has other thresholds.
    """
    topics = task.settings.topics
    task = task._replace(urls={**task.urls, topics.policy_changes: cluster})
    saved = _load(state, task.policy)
    courses = _courses(task, saved)
    with (
        closing(open_output(cluster, task.settings.kafka.client())) as log,
        _open_known(task, saved.positions if saved else {}, to_end=False) as known,
    ):
        log.partitions(topics.control)
        control = ControlTopic(log.open(topics.control, 0), saved.written if saved else None)

        def save() -> float:
            if not courses.other_policy:  # else a restart shall hear of it again
                here = Saved(task.policy.version, known.positions, courses.states, courses.clock, control.end)
                _save(state, here)
            return time.monotonic()

        live, saved_at = False, time.monotonic()
        while not draining.is_set() and not (once and live):
            read = known.read()
            changes = [change for one in read for change in courses.take(one, moving=live)]
            if not live and known.caught_up:
                live = True
                changes += courses.look_again()
            if live and courses.other_policy:
                raise UserError(
                    f"the flow decides by {courses.other_policy}, with other thresholds: start with its file"
                )
            control.send(changes)
            if changes or time.monotonic() - saved_at >= _SAVE:
                saved_at = save()
            yield from changes
            if not read:
                _pause()
        save()


@contextmanager
def _open_known(task: Task, positions: dict[str, int], *, to_end: bool) -> Iterator[EventOrder[Known]]:
    """What thresholds adapt by, from `positions` on where those are known."""
    topics = task.settings.topics
    decoders: dict[str, Callable[[bytes], Known | None]] = {
        topics.risk_updates: _scored,
        topics.labels: _label,
        topics.policy_changes: decode_control,
    }
    with closing(open_input(task.urls, ReadRange(stop_at_end=to_end), task.settings.kafka.client())) as log:
        feeds: list[Feed[Known]] = []
        for topic, number in log.partitions():
            name = f"{topic}-{number}"
            decode = _reading(decoders[topic], f"{task.urls[topic]}, {name}")
            feeds.append(Feed(name, log.open(topic, number, positions.get(name)), decode))
        yield EventOrder(feeds, time_of, _IDLE)


class ControlTopic:
    """Where moves are sent, each once: those of the moments before a crash are there already."""

    def __init__(self, partition: OutputPartition, written: int | None) -> None:
        """`written`: the topic's end when all moves before were in it; None where there were none."""
        self._partition = partition
        self._there = set() if written is None else set(partition.scan(written))
        self.end = partition.flush()

    def send(self, changes: list[ControlChange]) -> None:
        """Send moves, durably. Raises DeliveryError."""
        records = [change_record(change) for change in changes if change.change_id not in self._there]
        if records:
            self._partition.append(records)
            self.end = self._partition.flush()


def _load(path: Path, policy: Policy) -> Saved | None:
    """What was saved, where it was of the same policy; else the topics are learnt from anew. Raises UserError."""
    try:
        saved = msgspec.json.decode(path.read_bytes(), type=Saved)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.MsgspecError) as error:
        raise UserError(f"{path}: can't be read: {error}; remove it to learn from the topics anew") from None
    return saved if saved.policy == policy.version else None


def _pause() -> list[Known]:
    time.sleep(_PAUSE)
    return []


def _order(known: Known) -> tuple[int, bool, str]:
    identity = known.change_id if isinstance(known, ControlChange) else known.event_id
    return time_of(known), isinstance(known, Label), identity


def _courses(task: Task, saved: Saved | None) -> Courses:
    return Courses(task.policy, task.ahead, saved.courses if saved else {}, saved.clock if saved else 0)


def _save(path: Path, saved: Saved) -> None:
    """Replace what was saved, or leave it whole. Raises UserError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with new_file(path) as file:
        file.write(msgspec.json.encode(saved))


def _reading(decode: Callable[[bytes], Known | None], place: str) -> Callable[[InputRecord], Known | None]:
    def read(record: InputRecord) -> Known | None:
        try:
            return decode(record.value) if record.value else None
        except (msgspec.MsgspecError, InvalidRecordError, ValueError) as error:
            raise UserError(f"{place}, offset {record.offset}: {error}") from None

    return read


def _scored(value: bytes) -> Known | None:
    update = _update(value)
    if update.degraded:  # there is no score
        return None
    return Scored(update.event_id, update.event_type, parse_time(update.event_time), update.score)


def _label(value: bytes) -> Known | None:
    """A label; a record that is none has become a dead letter of the flow's already."""
    try:
        return decode_label(value)
    except InvalidRecordError:
        return None
