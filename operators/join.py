"""The ordered join: events leave in the order they came, each once all its entities have answered."""

from collections import deque
from collections.abc import Iterable
from itertools import islice

from operators.features import FeatureSet
from operators.packs import Enriched, JoinPack, Reply


class OrderedJoin:
    """The events of one user key group on their way to the scorer.

    `left` and `came` count events since the beginning: what waits is from `left` up to `came`.
    """

    def __init__(self, features: FeatureSet) -> None:
        self._features = features
        self._complete = features.complete
        self._slots = [plan.slots for plan in features.entities.values()]
        self._names = [[features.names[slot] for slot in slots] for slots in self._slots]
        self._queue: deque[Enriched] = deque()
        self._by_token: dict[int, Enriched] = {}
        self._filled: list[Reply] = []
        self._clocks: deque[tuple[int, int, bool]] = deque()
        self.early: list[Reply] = []
        """Replies that came before their events."""
        self.left = 0

    @property
    def came(self) -> int:
        """Events so far."""
        return self.left + len(self._queue)

    def on_pack(self, pack: JoinPack) -> list[Enriched]:
        """Take in events and replies; the events that may leave, in order."""
        self._take(pack.enriched)
        if pack.tidings is not None and pack.tidings.clock is not None:
            self._clocks.append((self.came, pack.tidings.clock, pack.tidings.idle))
        replies = self.early + pack.replies if self.early else pack.replies
        self.early = [reply for reply in replies if not self._fill(reply)]
        released = []
        while self._queue and not self._queue[0].waiting:
            released.append(self._leave())
        if self._complete:
            for event in released:
                self._complete(event.features)
        for event in released:
            if event.capped:
                event.capped = self._features.with_expressions(event.capped)
        self._filled += self._unreleased(replies)
        return released

    def passed(self) -> tuple[int, bool] | None:
        """The latest clock before which all events have left, and whether it is idle; None: the same as before."""
        clock = None
        while self._clocks and self._clocks[0][0] <= self.left:
            clock = self._clocks.popleft()[1:]
        return clock

    def waiting(self, since: int) -> list[Enriched]:
        """Of the events from number `since` on, those that have not left."""
        return list(islice(self._queue, max(0, since - self.left), None))

    def take_filled(self) -> list[Reply]:
        """The replies since the last call to events that have not left."""
        filled, self._filled = self._unreleased(self._filled), []
        return filled

    def restore(self, first: int, events: Iterable[Enriched], replies: Iterable[Reply]) -> None:
        """Take in again events, of which `first` is the number of the first, and the replies filled in since."""
        if not self._queue:
            self.left = first
        self._take(events)
        for reply in replies:
            self._fill(reply)

    def leave(self, left: int) -> None:
        """Let go of restored events that had left."""
        while self._queue and self.left < left:
            self._leave()
        self.left = left

    def _unreleased(self, replies: list[Reply]) -> list[Reply]:
        return [reply for reply in replies if reply.token in self._by_token]

    def _take(self, events: Iterable[Enriched]) -> None:
        for event in events:
            self._queue.append(event)
            if event.waiting:
                self._by_token[event.arrival.token] = event

    def _leave(self) -> Enriched:
        self.left += 1
        event = self._queue.popleft()
        self._by_token.pop(event.arrival.token, None)
        return event

    def _fill(self, reply: Reply) -> bool:
        event = self._by_token.get(reply.token)
        if event is None:
            return False
        for slot, value in zip(self._slots[reply.kind], reply.features, strict=True):
            event.features[slot] = value
        if reply.capped:
            event.capped += tuple([self._names[reply.kind][number] for number in reply.capped])
        event.late = event.late or reply.late
        event.waiting &= ~(1 << reply.kind)  # a restored event may get a reply again
        return True
