"""The ordered join: events leave in the order they came, each once all its entities have answered."""

from collections import deque
from collections.abc import Iterable

from operators.features import FeatureSet
from operators.packs import Enriched, JoinPack, Reply


class OrderedJoin:
    """The events of one user key group on their way to the scorer."""

    def __init__(self, features: FeatureSet) -> None:
        self._slots = [plan.slots for plan in features.entities.values()]
        self._queue: deque[Enriched] = deque()
        self._by_token: dict[int, Enriched] = {}
        self._early: list[Reply] = []

    def on_pack(self, pack: JoinPack) -> list[Enriched]:
        """Take in events and replies; the events that may leave, in order."""
        self.restore(pack.enriched, ())
        replies = self._early + pack.replies if self._early else pack.replies
        self._early = [reply for reply in replies if not self._fill(reply)]
        released = []
        while self._queue and not self._queue[0].waiting:
            released.append(self._queue.popleft())
            self._by_token.pop(released[-1].arrival.token, None)
        return released

    def restore(self, enriched: Iterable[Enriched], early: Iterable[Reply]) -> None:
        """Take events, and replies that came before their events, into the queue."""
        for event in enriched:
            self._queue.append(event)
            if event.waiting:
                self._by_token[event.arrival.token] = event
        self._early.extend(early)

    @property
    def pending(self) -> tuple[list[Enriched], list[Reply]]:
        """What has not left yet: part of the state."""
        return list(self._queue), self._early

    def _fill(self, reply: Reply) -> bool:
        event = self._by_token.get(reply.token)
        if event is None:
            return False
        for slot, value in zip(self._slots[reply.kind], reply.features, strict=True):
            event.features[slot] = value
        event.late = event.late or reply.late
        event.waiting -= 1
        return True
