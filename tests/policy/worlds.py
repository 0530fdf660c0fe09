"""Small worlds of events and of what becomes known, delivered in any order that may happen."""

import random
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import msgspec
from hypothesis import strategies as st

from contracts.control import ControlChange
from contracts.decisions import PolicyAction, RiskUpdate, UserRiskChange
from contracts.events import Event, Label, ManualDecision
from operators.packs import Scored, ScoredPack
from operators.policy import Decided, PolicyGroup, UserState
from operators.policy.life import Judgment
from operators.state import DictStates
from tests.policy.lives import DELAY, START, decision, new_group, new_timeline, pack, scored

LATENESS = DELAY // 2
END = START + 10**10


class World(NamedTuple):
    """A partition of events, and what becomes known besides."""

    events: list[Scored]
    outcomes: list[Label | ManualDecision]

    def limit(self, events: int, outcomes: list[Label | ManualDecision]) -> int:
        """How far the clock may be while all but so many first events, and these outcomes, are still to come."""
        coming = [max(one.enriched.arrival.event.event_time, one.enriched.arrival.mark) for one in self.events[events:]]
        return min([END, *coming, *(time_of(one) for one in outcomes)])


def time_of(outcome: Label | ManualDecision) -> int:
    return outcome.label_time if isinstance(outcome, Label) else outcome.decision_time


class Written(NamedTuple):
    """What each user's records are, in order."""

    updates: list[RiskUpdate]
    changes: dict[str, list[UserRiskChange]]
    actions: dict[str, list[PolicyAction]]

    def take(self, decided: Decided) -> None:
        """Note what a pack has brought."""
        self.updates.extend(update for update, _ in decided.updates)
        for change, _ in decided.changes:
            self.changes[change.user_id].append(change)
        for action, _ in decided.actions:
            self.actions[action.user_id].append(action)


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Close together, out of order and late: several things lie within the delay."""
    events: list[Scored] = []
    newest = now = START
    gaps = st.sampled_from([0, 1, 300, 999, 1_000, 2_000, 2_001, 5_000, 60_000, 149_000, 150_000])
    for number in range(draw(st.integers(1, 14))):
        now += draw(gaps)
        behind = draw(st.sampled_from([0, 0, 0, 400, LATENESS, 3_000, 100_000]))
        user, order = draw(st.sampled_from(["ann", "bob"])), draw(st.sampled_from(["o1", "o2", ""]))
        event = Event(f"e{number}", draw(st.sampled_from(["payment", "review"])), now - behind, user, order)
        score = draw(st.sampled_from([None, 0.05, 0.3, 0.45, 0.5, 0.6, 0.82, 0.9, 0.96]))
        mark, peak = newest - LATENESS, newest if event.event_time < newest else 0
        events.append(scored(event, score, number, mark if event.event_time < mark else 0, peak))
        newest = max(newest, event.event_time)
    outcomes: list[Label | ManualDecision] = []
    for number in range(draw(st.integers(0, 6))):
        base = draw(st.sampled_from(events)).enriched.arrival.event
        time = base.event_time + draw(gaps)
        if draw(st.booleans()):
            name = draw(st.sampled_from(["fraud", "legitimate"]))
            outcomes.append(Label(base.event_id, base.user_id, name, time, "bank"))
        else:
            verdict = draw(st.sampled_from(["release", "confirm", "override"]))
            override = verdict == "override"
            outcomes.append(
                decision(f"d{number}", time, verdict, base.order_id or "o1", user=base.user_id,
                         action="hold_order" if override else "", expires_at=time + 50_000 if override else None)
            )  # fmt: skip
    return World(events, outcomes)


def deliveries(world: World, rng: random.Random) -> Iterator[ScoredPack]:
    """Everything, in some order in which it may come."""
    outcomes = world.outcomes.copy()
    rng.shuffle(outcomes)
    given_events = 0
    while given_events < len(world.events) or outcomes:
        count = rng.choice([0, 1, 1, 3, 100])
        events = world.events[given_events : given_events + count]
        given_events += len(events)
        told = [outcomes.pop() for _ in range(min(len(outcomes), rng.choice([0, 0, 1, 3])))]
        limit = world.limit(given_events, outcomes)
        clock = rng.choice([None, limit, limit - rng.randrange(5_000)])
        yield pack(events, told, clock)
    yield pack(clock=END)


def run(
    packs: Iterable[ScoredPack], rng: random.Random, restarts: bool = False, changes: Iterable[ControlChange] = ()
) -> Written:
    """What a group makes of packs; each of the `changes` of the policy becomes known in time, or long before."""
    coming = sorted(enumerate(changes), key=lambda numbered: numbered[1].effective_at)
    known: list[tuple[int, ControlChange]] = []
    states, timeline = DictStates[UserState](), new_timeline()
    group = new_group(states, timeline)
    reminders: dict[str, int] = {}
    written = Written([], {"ann": [], "bob": []}, {"ann": [], "bob": []})
    for given_pack in packs:
        while coming and (coming[0][1].effective_at <= _reached(given_pack) or rng.random() < 0.2):
            number, change = coming.pop(0)
            timeline.add(change, number)
            known.append((number, change))
        written.take(group.on_pack(given_pack))
        for user, due in group.touched().items():
            if due is None:
                reminders.pop(user, None)
            else:
                reminders[user] = due
        if rng.random() < 0.3:
            for user, state in list(states.items()):
                kept = group.rest(state)
                if kept is None:
                    del states[user]
                else:
                    states[user] = kept
        if restarts and rng.random() < 0.3:
            states = DictStates({user: UserState.decode(state.encode()) for user, state in states.items()})
            timeline = new_timeline()
            for number, change in rng.sample(known, len(known)):
                timeline.add(change, number)
            group = reopened(group, new_group(states, timeline), reminders)
    assert (group.outcomes, group.judgments) == ([], [])
    return written


def _reached(given_pack: ScoredPack) -> int:
    """How far in event time a pack takes a group."""
    arrivals = [one.enriched.arrival for one in given_pack.scored]
    return max([*(arrival.reached for arrival in arrivals), (given_pack.tidings and given_pack.tidings.clock) or 0])


def reopened(group: PolicyGroup, again: PolicyGroup, reminders: dict[str, int]) -> PolicyGroup:
    """As the step does it: from what was written."""
    again.wait(group.outcomes, msgspec.msgpack.decode(msgspec.msgpack.encode(group.judgments), type=list[Judgment]))
    for user, due in reminders.items():
        again.remind(user, due)
    return again
