"""The entities' step: merchants, devices, cards and IPs, whose events come from every partition.

What an entity's window holds at the moment a record comes is chance. So a read at t looks at events up to t - settle,
and only when every watermark has passed that time: its value then depends on the input log alone. An event is placed
when its own read is due, since no read before looks at it: nearly all come in order then, and are appended.
"""

from bisect import bisect_left
from operator import itemgetter
from typing import Final

from msgspec import Raw

from contracts.keys import KEY_GROUPS
from operators.features import FeatureSet
from operators.features.labels import Outcome
from operators.packs import EntityLabel, EntityPack, Query, Reply, encode_raw
from operators.ring import Ring
from operators.settling import ABSENT_INPUT, Watermarks
from operators.state import States

_due_time = itemgetter(0)
_order = itemgetter(0, 1)

_PAGE: Final = 256
"""What falls due within so many ms waits on a page, and is written to durable state together."""


class EntityGroup:
    """The entities of one key group. `inputs` is the number of user key groups that feed it."""

    def __init__(self, features: FeatureSet, states: States[Ring], inputs: int = KEY_GROUPS) -> None:
        self._plans = list(features.entities.values())
        self._names = list(features.entities)
        self._by_name = features.entities
        self._states = states
        self._marks = Watermarks(inputs)
        self._pages: dict[int, list[tuple[int, int, Query | EntityLabel, Raw]]] = {}
        self._touched: set[int] = set()
        self.unmatched = 0
        """Labels whose event the entity no longer retains."""

    def on_pack(self, pack: EntityPack) -> list[Reply]:
        """Take in one pack; the replies that became due, in event-time order."""
        for query in pack.queries:
            self.wait(query)
        for label in pack.labels:
            self.wait(label)
        for number, watermark in pack.watermarks:
            self._marks.update(number, watermark)
        due = self._due(self._marks.minimum)
        placed = [(one, self._place(one)) for one in due if isinstance(one, Query)]
        for one in due:
            if isinstance(one, EntityLabel):
                self._note(one)
        return [self._answer(query, late) for query, late in placed]

    def rest(self, key: str, ring: Ring) -> Ring | None:
        """What has to be kept of an entity's ring; the very object where the entity isn't idle."""
        settled = self._marks.minimum
        plan = self._by_name[key.partition(":")[0]]
        return ring if settled == ABSENT_INPUT else ring.rest(settled - plan.horizon - plan.settle, plan.ageless)

    def wait(self, one: Query | EntityLabel) -> None:
        """Let a query wait until it is due, and a label until its event is."""
        due = one.time - self._plans[one.kind].wait
        page = due // _PAGE
        token, pair = (one.token, (one, None)) if isinstance(one, Query) else (0, (None, one))
        self._pages.setdefault(page, []).append((due, token, one, encode_raw(pair)))
        self._touched.add(page)

    def touched(self) -> dict[int, list[Raw]]:
        """The pages that changed since the last call, part of the state: what waits on each, encoded as it came."""
        pages = {page: [entry[-1] for entry in self._pages.get(page, ())] for page in self._touched}
        self._touched.clear()
        return pages

    def _due(self, settled: int) -> list[Query | EntityLabel]:
        """Take what is due before `settled`, in order: by time, then as it came in."""
        due: list[Query | EntityLabel] = []
        for page in sorted(page for page in self._pages if page * _PAGE < settled):
            waiting = sorted(self._pages.pop(page), key=_order)
            count = bisect_left(waiting, settled, key=_due_time)
            due += [one for _, _, one, _ in waiting[:count]]
            if waiting[count:]:
                self._pages[page] = waiting[count:]
            if count:
                self._touched.add(page)
        return due

    def _key(self, kind: int, entity: int) -> str:
        return f"{self._names[kind]}:{entity:x}"

    def _place(self, query: Query) -> bool:
        plan, key = self._plans[query.kind], self._key(query.kind, query.entity)
        ring = self._states.get(key)
        if ring is None:
            ring = plan.new_ring()
        plan.insert(ring, query.time, query.values)
        self._states.put(key, ring)
        known = query.time - plan.settle
        return query.time <= ring.read_through or known < ring.labelled_through

    def _answer(self, query: Query, late: bool) -> Reply:
        plan, key = self._plans[query.kind], self._key(query.kind, query.entity)
        ring = self._states.get(key)
        assert ring is not None, "an entity with a waiting query is not forgotten"
        features, capped = plan.answer(ring, query.time, query.values, self._marks.minimum)
        ring.read_through = max(ring.read_through, query.time - plan.reach)
        oldest = min(query.time, self._marks.minimum)  # no read to come is older
        plan.trim(ring, oldest, oldest)
        self._states.put(key, ring)
        return Reply(query.token, query.kind, features, late, query.group, capped)

    def _note(self, label: EntityLabel) -> None:
        key = self._key(label.kind, label.entity)
        ring = self._states.get(key)
        plan = self._plans[label.kind]
        outcome = Outcome(label.label, label.replaced, label.matches)
        if ring is not None and plan.label(ring, label.time, outcome, label.label_time):
            self._states.put(key, ring)
        else:
            self.unmatched += 1
