"""A seeded stream of events and labels, with everything that real ones do: repeated, out of order, and late events."""

import random
from collections.abc import Sequence
from typing import Final, NamedTuple

from contracts.control import ControlChange
from contracts.events import Event, Label, ManualDecision

START: Final = 1_750_000_000_000
"""Event time of the stream's begin, epoch ms."""
DISORDER: Final = 900
"""Events that aren't late are at most so far (ms) out of order: less than the feature set's allowed lateness."""
LABEL_DELAY: Final = 300_000
"""A label is known so long (ms) after its event, or up to twice as long."""

_GAP: Final = 700.0
"""Mean time between two events, ms: several of a merchant's lie within what settling waits."""


class Stream(NamedTuple):
    """What is sent, in order."""

    events: list[Event]
    labels: list[Label]
    """By the time at which they became known."""
    late: frozenset[str]
    """The ids of the events that come after their partition's watermark."""
    decisions: Sequence[ManualDecision] = ()
    """By their time."""
    changes: Sequence[ControlChange] = ()
    """Of the policy; each is sent a while before it becomes effective."""

    @property
    def event_ids(self) -> set[str]:
        return {event.event_id for event in self.events}


_USERS: Final = 300
_MERCHANTS: Final = 15


def make_stream(seed: int, count: int, late_share: float = 0.02) -> Stream:
    """`count` events of some hundred users, who pay at few merchants with devices that some of them share.

    Late events name no merchant and no device: whose windows they would still reach is chance. What a late event
    changes for its own user is not, since a user's events are read in the order of the log.
    """
    rng = random.Random(seed)
    events: list[Event] = []
    labels: list[Label] = []
    late = set()
    now = START
    for number in range(count):
        now += int(rng.expovariate(1 / _GAP))
        user = min(int(rng.paretovariate(0.7)), _USERS)
        if events and rng.random() < 0.03:
            events.append(rng.choice(events[-200:]))
        elif now > START + 600_000 and rng.random() < late_share:
            late.add(f"e{number}")
            events.append(Event(f"e{number}", "login", now - rng.randrange(120_000, 600_000), f"u{user}"))
        else:
            event = _event(rng, f"e{number}", now - rng.randrange(DISORDER), user)
            events.append(event)
            labels += _labels(rng, event)
    labels.sort(key=lambda label: label.label_time)
    return Stream(events, labels, frozenset(late), _decisions(random.Random(seed), events))


def _decisions(rng: random.Random, events: Sequence[Event]) -> list[ManualDecision]:
    """On some orders, whether anything is open for them or not; some are decided twice."""
    decisions = []
    for number, event in enumerate(events):
        if event.order_id and rng.random() < 0.1:
            verdict = rng.choice(["release", "confirm", "override"])
            time = event.event_time + rng.randrange(400_000)
            action, expires_at = ("hold_order", time + 200_000) if verdict == "override" else ("", None)
            decision = ManualDecision(
                f"d{number}", event.user_id, "", event.order_id, verdict, action, expires_at, time, "ann", "Seen."
            )
            decisions += [decision] * rng.choice([1, 1, 2])
    return sorted(decisions, key=lambda decision: decision.decision_time)


def _event(rng: random.Random, event_id: str, time: int, user: int) -> Event:
    kind = rng.choices(["payment", "login", "review", "ad_click", "refund"], [60, 20, 5, 10, 5])[0]
    device = f"d{user if rng.random() < 0.9 else rng.randrange(20)}"
    if kind == "login":
        return Event(event_id, kind, time, f"u{user}", device_id=device, outcome=rng.choice(["ok", "failed"]))
    merchant = f"m{min(int(rng.paretovariate(0.8)), _MERCHANTS)}"
    amount = rng.randrange(1, 1_000_000) if kind in ("payment", "refund") else None
    return Event(
        event_id,
        kind,
        time,
        f"u{user}",
        order_id=f"o-{event_id}" if kind == "payment" else "",
        amount=amount,
        currency="EUR" if amount else "",
        merchant_id=merchant,
        device_id=device if rng.random() < 0.8 else "",
        country=rng.choice(["DE", "FR", ""]),
        text=f"What I say of {event_id}." if kind == "review" else "",
    )


def _labels(rng: random.Random, event: Event) -> Sequence[Label]:
    if event.event_type != "payment" or rng.random() < 0.3:
        return ()
    verdict = "fraud" if rng.random() < 0.4 else "legitimate"
    known = event.event_time + LABEL_DELAY + rng.randrange(LABEL_DELAY)
    label = Label(event.event_id, event.user_id, verdict, known, "test")
    if rng.random() < 0.02:
        return label, label
    if rng.random() < 0.1:
        other = "legitimate" if verdict == "fraud" else "fraud"
        return label, Label(event.event_id, event.user_id, other, known + 60_000, "appeal")
    return (label,)
