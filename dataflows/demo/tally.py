"""The demo's numbers: what was sent, what came back, and how both fit together."""

from base64 import b64decode
from collections import Counter, deque
from dataclasses import dataclass
from typing import Final, NamedTuple

from contracts.events import AMOUNT_SCALE
from dataflows.demo.detection import FLAGS, Detection
from dataflows.demo.outputs import Action, Letter, Update, Versions
from dataflows.demo.timeline import Timeline
from dataflows.simulator.shop import Occurrence

BINS: Final = 20
"""Of the scores."""
_LATEST: Final = 40
_EXCERPT: Final = 90


@dataclass(slots=True)
class Told:
    """An event as the demo told it, and its score once there is one."""

    user_id: str
    time: int
    """Epoch ms."""
    amount: str
    scenario: str
    """Empty where the event is honest."""
    sent_at: float
    """Seconds since the demo began to send."""
    live: bool
    score: float | None = None


class Hold(NamedTuple):
    """An order that was held."""

    order_id: str
    reasons: tuple[str, ...]
    told: Told


class DeadLetter(NamedTuple):
    """A record that was no event."""

    reason: str
    excerpt: str


class Tally:
    """Fed with what is sent and what comes back, in any order; times are seconds since the demo began to send."""

    def __init__(self) -> None:
        self.timeline = Timeline()
        self.detection = Detection()
        self.events: Counter[str] = Counter()
        """By type."""
        self.labels = self.repeats = self.broken = 0
        self.updates = 0
        """Events that have their update."""
        self.surplus = 0
        """Updates of no event, or a second one of the same: there must be none."""
        self.late = self.degraded = 0
        self.letters: Counter[str] = Counter()
        """By reason."""
        self.actions: Counter[tuple[str, bool]] = Counter()
        """Of live events, by action and whether the event is abusive."""
        self.scores = {False: [0] * BINS, True: [0] * BINS}
        """Of live events, by whether the event is abusive and the score's bin."""
        self.opened = 0
        """Actions, of the history too."""
        self.holds: deque[Hold] = deque(maxlen=_LATEST)
        self.held = 0
        self.latest_letters: deque[DeadLetter] = deque(maxlen=_LATEST)
        self.versions: Versions | None = None
        self._told: dict[str, Told] = {}

    @property
    def distinct(self) -> int:
        """Events sent, each counted once."""
        return self.events.total()

    @property
    def complete(self) -> bool:
        """Every event has its update, and every broken record its dead letter."""
        return self.updates == self.distinct and self.letters.total() == self.broken

    def told(self, occurrence: Occurrence, at: float, live: bool) -> None:
        """An event was sent for the first time."""
        event = occurrence.event
        amount = "" if event.amount is None else f"{event.amount / AMOUNT_SCALE:,.2f} {event.currency}"
        self._told[event.event_id] = Told(event.user_id, event.event_time, amount, occurrence.scenario, at, live)
        self.events[event.event_type] += 1
        self.timeline.sent(at)

    def updated(self, update: Update, at: float) -> None:
        """A risk update came."""
        told = self._told.get(update.event_id)
        if told is None or told.score is not None:
            self.surplus += 1
            return
        told.score = update.score
        self.updates += 1
        self.late += update.late
        self.degraded += update.degraded
        self.versions = update.versions
        self.timeline.updated(at, 1_000 * (at - told.sent_at) if told.live else None)
        if told.live:
            self.scores[bool(told.scenario)][min(int(update.score * BINS), BINS - 1)] += 1
            if told.scenario:
                self.detection.judged(told.scenario, told.user_id, told.time)

    def acted(self, action: Action, at: float) -> Hold | None:
        """A policy action came; the order's hold, if it is one."""
        told = self._told.get(action.event_id)
        if action.status != "opened" or action.action not in FLAGS or told is None:
            return None
        self.opened += 1
        self.timeline.acted(at, action.action)
        if told.live:
            self.actions[action.action, bool(told.scenario)] += 1
            if told.scenario:
                self.detection.acted(told.scenario, told.user_id, told.time, action.action)
        if action.action != "hold_order":
            return None
        hold = Hold(action.order_id or "", tuple(reason.text for reason in action.reasons), told)
        self.held += 1
        self.holds.appendleft(hold)
        return hold

    def refused(self, letter: Letter) -> None:
        """A dead letter came."""
        self.letters[letter.reason.code] += 1
        excerpt = b64decode(letter.bytes)[:_EXCERPT].decode(errors="replace")
        self.latest_letters.appendleft(DeadLetter(letter.reason.text, excerpt))
