"""The life of actions, against a table of what follows from what."""

from dataclasses import dataclass

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from contracts.decisions import PolicyAction, action_id
from contracts.events import Event, Label, ManualDecision
from operators.policy import UserState
from operators.state import DictStates
from tests.policy.lives import (
    COOLDOWN,
    DELAY,
    EXPIRES,
    STAND,
    START,
    actions,
    check_lives,
    decision,
    new_group,
    pack,
    scored,
    subject_of,
)

RULES = [
    (0.95, "surely", "block", ""), (0.8, "likely", "hold_order", "payment"), (0.7, "slow", "delay_refund", "refund"),
    (0.7, "few", "limit", "login"), (0.5, "maybe", "review", ""), (0.4, "odd", "step_up", ""),
]  # fmt: skip
HARDER = ["limit", "step_up", "review", "hold_order", "block"]
NEVER = 10**15


@dataclass
class Open:
    """What the table says is open for a cause."""

    action: str
    score: float
    ends: int
    events: list[str]
    records: list[str]


class Lives(RuleBasedStateMachine):
    """One user, on whose orders and without whose orders things happen, one after another.

    Each thing is settled before the next comes: the order within the delay is `test_group`'s subject.
    """

    def __init__(self) -> None:
        super().__init__()
        self.states: DictStates[UserState] = DictStates()
        self.group = new_group(self.states)
        self.now = START
        self.number = 0
        self.open: dict[str, Open] = {}
        self.settled: dict[str, int] = {}
        self.cooled = 0
        self.taken: list[PolicyAction] = []
        self.records: list[tuple[str, str]] = []
        """The ids of transitions, with the cause of each."""

    def pass_by(self, time: int, seen: int) -> list[tuple[str, str, str]]:
        """Let time go on; the expiries that the table wants of what ends up to `seen`."""
        self.now = time
        return self.expiries(seen)

    def expiries(self, seen: int) -> list[tuple[str, str, str]]:
        ended = sorted((one.ends, cause) for cause, one in self.open.items() if one.ends <= seen)
        return [("expired", self.open.pop(cause).action, cause) for _, cause in ended]

    def happens(
        self,
        wanted: list[tuple[str, str, str]],
        event: tuple[Event, float] | None = None,
        outcome: Label | ManualDecision | None = None,
    ) -> list[PolicyAction]:
        """Give it to the group, let it settle, and compare."""
        events = [scored(*event, self.number)] if event else []
        before = actions(self.group.on_pack(pack(clock=self.now - 1)))
        after = actions(self.group.on_pack(pack(events, [outcome] if outcome else [])))
        last = actions(self.group.on_pack(pack(clock=self.now + DELAY)))
        found = before + after + last
        for action in found:
            cause = subject_of(action)
            self.records.append((action_id(action), cause))
            if cause in self.open:
                self.open[cause].records.append(action_id(action))
        wanted = wanted + self.expiries(self.now)
        got = [(action.status, action.action, subject_of(action)) for action in found]
        assert sorted(got) == sorted(wanted)
        self.taken += found
        return found

    @rule(
        order=st.sampled_from(["o1", "o2", ""]),
        score=st.sampled_from([0.05, 0.3, 0.4, 0.5, 0.52, 0.6, 0.7, 0.8, 0.82, 0.85, 0.9, 0.95]),
        kind=st.sampled_from(["payment", "review", "refund", "login"]),
        later=st.integers(2 * DELAY, 10_000),
    )
    def judge(self, order: str, score: float, kind: str, later: int) -> None:
        wanted = self.pass_by(self.now + later, self.now + later - DELAY)
        self.number += 1
        event = Event(f"e{self.number}", kind, self.now, "bob", order)
        ruled = next(
            ((name, action) for least, name, action, on in RULES if score >= least and on in ("", kind)), None
        )  # fmt: skip
        if ruled is not None:
            wanted += self.acts(event, score, *ruled)
        elif score < 0.1 and kind == "payment":
            freed = [
                cause for cause in self.open
                if order in ("", cause) and cause != "few" and "event" not in cause and not self.is_settled(cause)
            ]  # fmt: skip
            wanted += [("released", self.open.pop(cause).action, cause) for cause in freed]
        self.happens(wanted, (event, score))

    def acts(self, event: Event, score: float, name: str, action: str) -> list[tuple[str, str, str]]:
        """What the table says about a rule that decides."""
        on_rule = name if name == "few" else event.order_id or name
        cause = f"event {event.event_id}" if name == "slow" else on_rule
        lasts = EXPIRES[action]
        if self.is_settled(cause):
            return []
        known = self.open.get(cause)
        if known is None:
            if name == "odd":
                if self.cooled > self.now:
                    return []
                self.cooled = self.now + COOLDOWN
            if lasts:
                self.open[cause] = Open(action, score, self.now + lasts, [event.event_id], [])
            return [("opened", action, cause)]
        harder = HARDER.index(action) - HARDER.index(known.action)
        if harder < 0 or (harder == 0 and round(score - known.score, 6) < 0.05):
            return []
        if lasts:
            ends, events = self.now + lasts, [*known.events, event.event_id]
            self.open[cause] = Open(action, score, ends, events, known.records)
        else:
            del self.open[cause]
        return [("escalated", action, cause)]

    def is_settled(self, cause: str) -> bool:
        return self.settled.get(cause, 0) > self.now

    @rule(
        draw=st.integers(0, 9),
        label=st.sampled_from(["fraud", "abuse", "legitimate"]),
        later=st.integers(2 * DELAY, 9_000),
    )
    def learn(self, draw: int, label: str, later: int) -> None:
        """Mostly of an event that opened or escalated something."""
        named = [event_id for one in self.open.values() for event_id in one.events]
        event_id = named[draw % len(named)] if named and draw else f"e{self.number}"
        wanted = self.pass_by(self.now + later, self.now + later - 1)
        cause = next((cause for cause, one in self.open.items() if event_id in one.events), None)
        if cause is not None and not self.is_settled(cause):
            status = "released" if label == "legitimate" else "confirmed"
            wanted.append((status, self.open.pop(cause).action, cause))
        self.happens(wanted, outcome=Label(event_id, "bob", label, self.now, "bank"))

    @rule(
        order=st.sampled_from(["o1", "o2"]),
        verdict=st.sampled_from(["release", "confirm", "override"]),
        instead=st.sampled_from(["review", "block", "hold_order"]),
        later=st.integers(2 * DELAY, 9_000),
    )
    def decide(self, order: str, verdict: str, instead: str, later: int) -> None:
        wanted = self.pass_by(self.now + later, self.now + later - 1)
        self.number += 1
        self.settled[order] = self.now + STAND
        known = self.open.pop(order, None)
        action, ends = "", None
        if verdict == "override":
            action = instead
            ends = None if instead == "block" else self.now + 120_000
            if ends:
                self.open[order] = Open(
                    instead, -1, ends, known.events if known else [], known.records if known else []
                )
            wanted.append(("overridden" if known else "opened", instead, order))
        elif known:
            wanted.append(("released" if verdict == "release" else "confirmed", known.action, order))
        ruling = decision(f"d{self.number}", self.now, verdict, order, "", "bob", action, ends)
        self.happens(wanted, outcome=ruling)
        self.happens([], outcome=ruling)  # it may come again

    @rule(draw=st.integers(0, 9), verdict=st.sampled_from(["release", "confirm"]))
    def decide_on_a_record(self, draw: int, verdict: str) -> None:
        """Of what is open, by any of its transitions; of what isn't, without any effect."""
        wanted = self.pass_by(self.now + 2 * DELAY, self.now + 2 * DELAY - 1)
        self.number += 1
        record, cause = self.records[-1 - draw] if draw < len(self.records) else ("unknown", "")
        known = self.open.get(cause)
        if known and record in known.records:
            del self.open[cause]
            if verdict == "release" or cause in ("o1", "o2") or "event" in cause:
                self.settled[cause] = self.now + STAND
            else:
                self.settled.pop(cause, None)
            wanted.append(("released" if verdict == "release" else "confirmed", known.action, cause))
        self.happens(wanted, outcome=decision(f"d{self.number}", self.now, verdict, "", record))

    @rule(later=st.integers(2 * DELAY, 120_000))
    def nothing(self, later: int) -> None:
        self.happens(self.pass_by(self.now + later, 0))

    @rule(early=st.integers(0, 1))
    def until_an_end(self, early: int) -> None:
        """To the very millisecond, or one before."""
        ends = [one.ends for one in self.open.values() if one.ends - early >= self.now + 2 * DELAY]
        if ends:
            self.happens(self.pass_by(min(ends) - early, 0))

    @rule()
    def restart(self) -> None:
        """All that counts is in the states, the reminders and what waits."""
        group = new_group(DictStates({user: UserState.decode(one.encode()) for user, one in self.states.items()}))
        for user, due in self.group._due.items():
            group.remind(user, due)
        group.wait(self.group.outcomes, self.group.judgments)
        self.group = group
        self.states = group._states  # type: ignore[assignment]

    @invariant()
    def lives_are_whole(self) -> None:
        check_lives(self.taken, over=False)
        assert (self.group.outcomes, self.group.judgments) == ([], [])

    def teardown(self) -> None:
        self.happens(self.pass_by(NEVER, 0))
        check_lives(self.taken, over=True)
        assert not self.open
        for state in self.states.values():
            rest = self.group.rest(state)
            assert rest is None or rest.life is None


TestLives = Lives.TestCase
TestLives.settings = settings(max_examples=150, stateful_step_count=50, deadline=None)
