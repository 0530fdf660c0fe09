"""The user's step: drops duplicates, keeps the user's window and aggregates, and asks the other entities."""

import struct
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from heapq import heappop, heappush
from typing import Final

from contracts.events import Label
from contracts.keys import fingerprint
from contracts.scoring import ROW_SIZE, window_row
from operators.features import EntityPlan, FeatureSet
from operators.packs import Arrival, Enriched, EntityLabel, Query, Tidings, UserPack
from operators.ring import Ring
from operators.settling import ABSENT_INPUT, Watermarks, lateness
from operators.state import States

_FORMAT: Final = 1
_HEADER: Final = struct.Struct("<BI")
_SEARCHED: Final = 32
"""Up to so many events, looking through the ids is cheaper than keeping a set of them."""


class UserState:
    """A user's ring and the rows of the latest events, oldest first."""

    __slots__ = ("_ids", "ring", "rows")

    def __init__(self, ring: Ring, rows: bytes = b"") -> None:
        self.ring = ring
        self.rows = rows
        self._ids: set[int] | None = None

    def has_seen(self, event_id: int, ids: Sequence[int]) -> bool:
        """Whether an event with this fingerprint is retained; `ids` are the ring's."""
        if len(ids) <= _SEARCHED:
            return event_id in ids
        if self._ids is None:
            self._ids = set(ids)
        return event_id in self._ids

    def remember(self, event_id: int) -> None:
        """Note the id of an event just placed."""
        if self._ids is not None:
            self._ids.add(event_id)

    def trim(self, plan: EntityPlan, disorder: int, labelled: int) -> None:
        """Let go of events that no window holds any more, ids included: what is known is what is stored.

        Events up to `disorder` ms older than the newest are read as if they had come in order; labels find the latest
        events as of the time `labelled`.
        """
        times = self.ring.times
        count, now = len(times), times[-1] - disorder
        plan.trim(self.ring, now, min(now, labelled))
        if len(times) < count:
            self._ids = None

    def take_changes(self) -> tuple[bytes, dict[int, bytes | None]]:
        """The head, compact and versioned, and the blocks of the ring that changed since the last call."""
        head = b"".join((_HEADER.pack(_FORMAT, len(self.rows)), self.rows, *self.ring.head()))
        return head, self.ring.changed_blocks()

    @staticmethod
    def blocks(head: bytes) -> list[int]:
        """The numbers of the blocks that belong to a head. Raises ValueError where its format differs."""
        return Ring.blocks(head[_rows_end(head) :])

    @classmethod
    def decode(cls, head: bytes, block: Callable[[int], bytes]) -> "UserState":
        """The state of a head and the blocks that `block` gives. Raises ValueError where its format differs."""
        end = _rows_end(head)
        return cls(Ring.decode(head[end:], block), head[_HEADER.size : end])


class UserOutput:
    """What one pack made."""

    __slots__ = ("duplicates", "enriched", "labels", "queries", "tidings", "unmatched", "watermark")

    def __init__(self) -> None:
        self.enriched: list[Enriched] = []
        self.queries: list[Query] = []
        self.labels: list[EntityLabel] = []
        self.watermark: int | None = None
        self.tidings: Tidings | None = None
        self.duplicates = 0
        self.unmatched = 0
        """Labels whose event isn't retained."""


class UserGroup:
    """The users of one key group. `inputs` is the number of source partitions."""

    def __init__(self, features: FeatureSet, states: States[UserState], group: int, inputs: int) -> None:
        self._features = features
        self._plan = features.user
        self._states = states
        self._group = group
        self._marks = Watermarks(inputs)
        self._disorder = lateness(features.settle)
        self._window_bytes = features.window_events * ROW_SIZE
        self._plans = list(features.entities.values())
        self._kinds = {plan.kind: kind for kind, plan in enumerate(self._plans)}
        self._labelled = any(plan.labels.names for plan in self._plans)
        self._waiting: list[tuple[int, int, Label]] = []
        self._waited = 0
        self._blank = [0.0] * len(features.names)
        for plan in self._plans:
            for slot, value in zip(plan.slots, plan.absent(), strict=True):
                self._blank[slot] = value

    def on_pack(self, pack: UserPack) -> UserOutput:
        """Take in one pack, in order."""
        output = UserOutput()
        for arrival in pack.arrivals:
            self._on_event(arrival, output)
        if self._labelled:
            self.wait(pack.labels)
        before = self._marks.minimum
        for number, watermark in pack.watermarks:
            self._marks.update(number, watermark)
        while self._waiting and self._waiting[0][0] < self._marks.minimum:
            self._on_label(heappop(self._waiting)[2], output)
        if self._marks.minimum != before:
            output.watermark = self._marks.minimum
        if pack.labels or pack.decisions or output.watermark is not None:
            output.tidings = self._tidings(pack, output.watermark)
        return output

    def rest(self, state: UserState) -> UserState | None:
        """What has to be kept of a user's state; the very object where the user isn't idle.

        Events older than the horizon can't reach a value any more, so when they are forgotten makes no difference.
        """
        settled = self._marks.minimum
        if settled == ABSENT_INPUT:
            return state
        ring = state.ring.rest(settled - self._plan.horizon, self._plan.ageless)
        if ring is state.ring:
            return state
        return None if ring is None else UserState(ring)

    @property
    def waiting(self) -> list[Label]:
        """Labels that wait until every input has passed their time, since their events may still come."""
        return [label for _, _, label in sorted(self._waiting)]

    def wait(self, labels: Iterable[Label]) -> None:
        """Let labels wait."""
        for label in labels:
            heappush(self._waiting, (label.label_time, self._waited, label))
            self._waited += 1

    def _tidings(self, pack: UserPack, watermark: int | None) -> Tidings:
        idle = watermark == ABSENT_INPUT
        return Tidings(pack.labels, pack.decisions, self._marks.greatest if idle else watermark, idle)

    def _on_event(self, arrival: Arrival, output: UserOutput) -> None:
        event, plan = arrival.event, self._plan
        state = self._states.get(event.user_id) or UserState(plan.new_ring())
        ring = state.ring
        values = plan.extract(event)
        event_id = values[plan.id_column or 0]
        if state.has_seen(event_id, ring.columns[plan.id_column or 0]):
            output.duplicates += 1
            return
        plan.insert(ring, event.event_time, values)
        state.remember(event_id)
        rows = _recent(state.rows, event.event_time - plan.horizon)
        end = _end_of(rows, event.event_time)
        window = (rows[:end] + window_row(event))[-self._window_bytes :]
        state.rows = (window + rows[end:])[-self._window_bytes :]
        self._states.put(event.user_id, state)
        features = self._blank.copy()
        capped = plan.read(ring, event.event_time, values, features)
        state.trim(plan, self._disorder, self._marks.minimum if self._labelled else ring.times[-1])
        for slot, value in self._features.values:
            features[slot] = value(event)
        enriched = Enriched(arrival, features, window, 0, arrival.late)
        if capped:
            enriched.capped = tuple([self._features.names[slot] for slot in capped])
        enriched.waiting = self._ask(arrival, output)
        output.enriched.append(enriched)

    def _ask(self, arrival: Arrival, output: UserOutput) -> int:
        event, asked = arrival.event, 0
        for kind, plan in enumerate(self._plans):
            if entity := plan.identify(event):
                values = plan.extract(event)
                output.queries.append(Query(kind, entity, event.event_time, values, self._group, arrival.token))
                asked |= 1 << kind
        return asked

    def _on_label(self, label: Label, output: UserOutput) -> None:
        state = self._states.get(label.user_id)
        index = None if state is None else self._find(state.ring, label)
        if state is None or index is None:
            output.unmatched += 1
            return
        ring, user = state.ring, fingerprint(label.user_id)
        for kind, entity, outcome in self._plan.labelling.label(ring, index, user, label.label):
            output.labels.append(EntityLabel(self._kinds[kind], entity, ring.times[index], label.label_time, *outcome))
            self._states.put(label.user_id, state)

    def _find(self, ring: Ring, label: Label) -> int | None:
        """The index of the label's event, if it is one of the latest when the label became known."""
        latest = bisect_right(ring.times, label.label_time) - self._features.max_events
        try:
            return ring.columns[self._plan.id_column or 0].index(fingerprint(label.event_id), max(latest, 0))
        except ValueError:
            return None


def _rows_end(head: bytes) -> int:
    """Where the ring's head begins. Raises ValueError where the format differs."""
    version, size = _HEADER.unpack_from(head)
    if version != _FORMAT:
        raise ValueError("state of another format")
    return _HEADER.size + int(size)


def _recent(rows: bytes, before: int) -> bytes:
    """The rows of events after the time `before`; a row begins with its time."""
    while rows and int.from_bytes(rows[:8], "little") <= before:
        rows = rows[ROW_SIZE:]
    return rows


def _end_of(rows: bytes, time: int) -> int:
    """Where in the rows, oldest first, an event at `time` has its place: behind those of equal times."""
    end = len(rows)
    while end and int.from_bytes(rows[end - ROW_SIZE : end - ROW_SIZE + 8], "little") > time:
        end -= ROW_SIZE
    return end
