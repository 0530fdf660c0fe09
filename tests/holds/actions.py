"""Policy actions as they lie in a topic, of lives that a test writes down or draws."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from hypothesis import strategies as st

from contracts.decisions import PolicyAction, Reason, Versions, encode_policy_action
from contracts.events import Position

START: Final = 1_790_000_000_000
HOUR: Final = 3_600_000
ENDS: Final = ("released", "confirmed", "expired")
_VERSIONS: Final = Versions("m", "p", "f")


@dataclass(frozen=True)
class Sent:
    """A record of policy-actions, and what it was made of."""

    id: str
    value: bytes
    action: PolicyAction

    @property
    def is_pending(self) -> bool:
        return self.action.status not in ENDS and self.action.expires_at is not None


def opened(**changes: Any) -> Sent:
    """An opening: a hold on order o-1 of user u-1, if not changed."""
    return _sent({"status": "opened", "follows": None, "opening": None} | changes)


def after(before: Sent, status: str, **changes: Any) -> Sent:
    """A transition that follows another."""
    was = before.action
    kept = {
        name: getattr(was, name) for name in ("action", "cause", "user_id", "order_id", "event_id", "subject", "limit")
    }
    kept |= {"effective_at": was.effective_at + 1_000, "expires_at": was.expires_at}
    return _sent(kept | {"status": status, "follows": before.id, "opening": was.opening or before.id} | changes)


def _sent(changes: dict[str, Any]) -> Sent:
    fields: dict[str, Any] = {
        "action": "hold_order",
        "cause": "likely",
        "user_id": "u-1",
        "order_id": "o-1",
        "event_id": "e-1",
        "event_time": START,
        "effective_at": START,
        "expires_at": START + HOUR,
        "reasons": (Reason("likely", "The payment is likely fraud."),),
        "versions": _VERSIONS,
        "input": Position("transactions", 0, 0),
        "by": "rule",
        "subject": "order" if changes.get("order_id", "o-1") else "user",
    }
    action = PolicyAction(**(fields | changes))
    return Sent(*encode_policy_action(action), action)


@st.composite
def logs(draw: st.DrawFn, user: str) -> list[bytes]:
    """A partition's records: lives of a few subjects, mingled; some come too late, are missing, swapped or repeated."""
    latest: dict[tuple[str, str], Sent] = {}
    sent: list[bytes] = []
    subjects = st.sampled_from([(user, "o-1"), (user, "o-2"), (user, ""), (f"{user}-too", "o-1")])
    steps = st.sampled_from(["escalated", "overridden", *ENDS, "standing", "too late"])
    for number, (subject, step) in enumerate(draw(st.lists(st.tuples(subjects, steps), min_size=6, max_size=30))):
        before = latest.get(subject)
        named = {"event_id": f"e-{number}", "effective_at": START + 1_000 * number}
        if step == "too late":
            sent += [after(before, "released", **named).value] if before else []
            continue
        if before is None or not before.is_pending:
            expires_at = None if step == "standing" else START + HOUR
            latest[subject] = opened(user_id=subject[0], order_id=subject[1], expires_at=expires_at, **named)
        elif step == "standing":
            latest[subject] = after(before, "escalated", action="block", expires_at=None, **named)
        else:
            latest[subject] = after(before, step, **named)
        sent.append(latest[subject].value)
    return _disturbed(
        sent, draw(st.lists(st.tuples(st.integers(0, 30), st.sampled_from(_NOISE)), min_size=2, max_size=8))
    )


_NOISE: Final = ("missing", "swapped", "repeated", "not JSON")


def _disturbed(sent: list[bytes], noise: Sequence[tuple[int, str]]) -> list[bytes]:
    for place, kind in noise:
        if kind == "not JSON":
            sent.insert(place, f"not JSON {len(sent)} {place}".encode())
        elif place < len(sent) and kind == "missing":
            del sent[place]
        elif place < len(sent) and kind == "repeated":
            sent.append(sent[place])
        elif place + 1 < len(sent):
            sent[place : place + 2] = sent[place + 1], sent[place]
    return sent
