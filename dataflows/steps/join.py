"""join: the events of each key group, in order, once all their entities have answered.

Thousands of events wait at any time, each with its window. So the queue is a journal: an epoch writes a page, what came
in it and still waits, encoded as it came; a page is deleted when all of its events have left.
"""

from typing import Final, Generic, TypeVar

import msgspec

from dataflows.state import GroupStore, StateDirectory
from dataflows.steps.route import GROUP_KEYS
from operators.features import FeatureSet
from operators.join import OrderedJoin
from operators.packs import Enriched, Joined, JoinPack, Reply, Tidings, encode_raw

E = TypeVar("E", Enriched, msgspec.Raw)

_HEAD: Final = "head"


class _Head(msgspec.Struct, array_like=True):
    left: int
    early: list[Reply]


class _Page(msgspec.Struct, Generic[E], array_like=True):
    """What an epoch added."""

    first: int
    """The number of the first event."""
    events: list[E]
    """As they came; encoded already where the page is written."""
    replies: list[Reply]
    """To them and to those of the pages before."""


_encode = msgspec.msgpack.Encoder().encode
_head = msgspec.msgpack.Decoder(_Head).decode
_page = msgspec.msgpack.Decoder(_Page[Enriched]).decode


class JoinPart:
    """An OrderedJoin, whose queue is kept in a store."""

    def __init__(self, join: OrderedJoin, store: GroupStore) -> None:
        self._join = join
        self._store = store
        self._pages: dict[int, int] = {}
        """How many events had come when each of those that are kept was written."""
        self._written = _Head(0, [])
        self._fresh: list[msgspec.Raw] = []
        """The last events that came, those that no page holds."""
        self._came = 0
        self._restore()

    def take(self, packs: list[JoinPack]) -> list[Joined]:
        released = [event for pack in packs for event in self._join.on_pack(pack)]
        self._fresh += [encode_raw(event) for event in self._join.waiting(self._came)]
        self._came = self._join.came
        tidings = _together([pack.tidings for pack in packs if pack.tidings is not None], self._join.passed())
        return [Joined(released, tidings)] if released or tidings else []

    def snapshot(self) -> int:
        join = self._join
        head, replies = _Head(join.left, join.early), join.take_filled()
        fresh = self._fresh[max(0, join.left - join.came + len(self._fresh)) :]  # without those that have left
        if not fresh and not replies and head == self._written:
            return self._store.version
        changes: dict[str, bytes | None] = {_HEAD: _encode(head)}
        number = max(self._pages, default=0) + 1
        for done in [page for page, came in self._pages.items() if came <= join.left]:
            changes[str(done)] = None
            del self._pages[done]
        if fresh or replies:
            changes[str(number)] = _encode(_Page(join.came - len(fresh), fresh, replies))
            self._pages[number] = join.came
        self._written = head
        self._fresh = []
        return self._store.append(changes)

    def _restore(self) -> None:
        if (head := self._store.get(_HEAD)) is None:
            return
        for number in sorted(int(key) for key in self._store.keys() if key != _HEAD):  # noqa: SIM118 (no mapping)
            page = _page(self._store.get(str(number)) or b"")
            self._join.restore(page.first, page.events, page.replies)
            self._pages[number] = self._join.came
        self._written = _head(head)
        self._join.leave(self._written.left)
        self._join.early = self._written.early
        self._came = self._join.came


def _together(came: list[Tidings], passed: tuple[int, bool] | None) -> Tidings | None:
    """Outcomes go on at once, the clock behind its events."""
    labels = [label for one in came for label in one.labels]
    decisions = [ruled for one in came for ruled in one.decisions]
    clock, idle = passed or (None, False)
    return Tidings(labels, decisions, clock, idle) if labels or decisions or passed else None


def open_part(features: FeatureSet, directory: StateDirectory, group: int, version: int | None) -> JoinPart:
    """The part of a key group, as it was at `version`."""
    store = directory.table("join", GROUP_KEYS[group])
    store.rollback(version)
    return JoinPart(OrderedJoin(features), store)
