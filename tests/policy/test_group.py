"""What becomes known when, and how the clock goes on meanwhile, changes nothing."""

import random
from collections.abc import Iterator
from typing import NamedTuple

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.decisions import PolicyAction, RiskUpdate, UserRiskChange
from contracts.events import Event, Label, ManualDecision
from operators.packs import Arrival, Scored, ScoredPack
from operators.policy import PolicyGroup, Timeline, UserState
from operators.policy.life import Judgment, outcome_order
from operators.state import DictStates
from tests.policy.lives import (
    DELAY,
    POLICY,
    STAND,
    START,
    VERSIONS,
    actions,
    check_lives,
    decision,
    new_group,
    pack,
    parsed,
    scored,
)

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
        mark = newest - LATENESS
        events.append(scored(event, score, number, mark if event.event_time < mark else 0))
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


def run(packs: Iterator[ScoredPack], rng: random.Random, restarts: bool = False) -> Written:
    states: DictStates[UserState] = DictStates()
    group = new_group(states)
    reminders: dict[str, int] = {}
    written = Written([], {"ann": [], "bob": []}, {"ann": [], "bob": []})
    for given_pack in packs:
        decided = group.on_pack(given_pack)
        for user, due in group.touched().items():
            if due is None:
                reminders.pop(user, None)
            else:
                reminders[user] = due
        written.updates.extend(update for update, _ in decided.updates)
        for change, _ in decided.changes:
            written.changes[change.user_id].append(change)
        for action, _ in decided.actions:
            written.actions[action.user_id].append(action)
        if rng.random() < 0.3:
            for user, state in list(states.items()):
                kept = group.rest(state)
                if kept is None:
                    del states[user]
                else:
                    states[user] = kept
        if restarts and rng.random() < 0.3:
            states = DictStates({user: UserState.decode(state.encode()) for user, state in states.items()})
            group = reopened(group, states, reminders)
    assert (group.outcomes, group.judgments) == ([], [])
    return written


def reopened(group: PolicyGroup, states: DictStates[UserState], reminders: dict[str, int]) -> PolicyGroup:
    """As the step does it: from what was written."""
    again = new_group(states)
    again.wait(group.outcomes, msgspec.msgpack.decode(msgspec.msgpack.encode(group.judgments), type=list[Judgment]))
    for user, due in reminders.items():
        again.remind(user, due)
    return again


@given(worlds(), st.integers(0, 2**32))
def test_no_order_of_arrival_changes_anything(world: World, seed: int) -> None:
    rng = random.Random(seed)
    at_once = run(iter([pack(world.events, world.outcomes), pack(clock=END)]), rng)
    for restarts in (False, True):
        assert run(deliveries(world, rng), rng, restarts) == at_once
    for taken in at_once.actions.values():
        check_lives(taken, over=True)


@given(worlds(), st.integers(0, 2**32))
def test_decisions_win(world: World, seed: int) -> None:
    """Once one is known, no rule and no label touches its order while it stands."""
    rng = random.Random(seed)
    written = run(deliveries(world, rng), rng)
    now = {arrival.event.event_id: max(arrival.event.event_time, arrival.mark) for arrival in arrivals(world)}
    for ruled in (outcome for outcome in world.outcomes if isinstance(outcome, ManualDecision)):
        for action in written.actions[ruled.user_id]:
            time = max(action.effective_at, now.get(action.event_id, 0)) if action.by == "rule" else action.effective_at
            if action.order_id == ruled.order_id and DELAY <= time - ruled.decision_time < STAND:
                assert action.by in ("decision", "expiry")


def arrivals(world: World) -> list[Arrival]:
    return [one.enriched.arrival for one in world.events]


def test_labels_of_users_without_actions_cost_no_state() -> None:
    states: DictStates[UserState] = DictStates()
    group = new_group(states)
    group.on_pack(pack([], [Label("e", "bob", "fraud", START, "bank")], START))
    assert group.due == START + DELAY
    group.on_pack(pack(clock=END))
    assert (states, group.outcomes, group.due) == ({}, [], None)


@pytest.mark.parametrize("clock", [START - DELAY, START - 1])
def test_an_action_waits_for_the_clock_and_an_update_does_not(clock: int) -> None:
    group = new_group()
    event = Event("e", "payment", START, "bob", "o1")
    decided = group.on_pack(pack([scored(event, 0.9)], clock=START - DELAY))
    assert (len(decided.updates), len(decided.changes), decided.actions) == (1, 1, [])
    ((action, received),) = group.on_pack(pack(clock=START - DELAY + 1)).actions
    assert (action.status, received) == ("opened", 5)


def test_what_comes_behind_the_clock_is_late() -> None:
    group = new_group()
    group.on_pack(pack(clock=START, idle=True))
    assert group.idle
    events = [scored(Event(f"e{time}", "payment", time, "bob"), 0.1) for time in (START - 1, START)]
    assert [update.late for update, _ in group.on_pack(pack(events)).updates] == [True, False]


def test_outcomes_have_one_order() -> None:
    label = Label("e", "bob", "fraud", START, "bank")
    assert outcome_order(pack([], [decision("d", START)]).tidings.decisions[0]) < outcome_order(label)  # type: ignore[union-attr]


def statuses(group: PolicyGroup, packs: list[ScoredPack], sweep: bool = False) -> list[tuple[str, str, int]]:
    """What becomes of bob's actions; `sweep` forgets after every pack what may be forgotten."""
    taken = []
    for one in packs:
        taken += [(action.status, action.by, action.effective_at - START) for action in actions(group.on_pack(one))]
        if sweep and (state := group._states.get("bob")):
            kept = group.rest(state)
            if kept is None:
                group._states.delete("bob")
            else:
                group._states.put("bob", kept)
    return taken


def test_a_release_does_not_hang_on_how_far_the_clock_is() -> None:
    """The case of an override, which no rule opened: it is known only when the clock has passed the decision."""
    any_release = POLICY.replace('releases = ["likely", "maybe"]\n', "")
    assert any_release != POLICY
    timeline = Timeline(parsed(any_release), (), VERSIONS)
    override = decision("d", START + 1_000, "override", order="o1", action="hold_order", expires_at=START + 500_000)
    event = scored(Event("e1", "payment", START + 150_000, "bob", "o1"), 0.05)
    end = pack(clock=START + 700_000)
    live = [pack((), [override], START + 500), pack(clock=START + 20_000), pack([event], (), START + 149_000), end]
    replay = [pack([event], [override], START + 200_000), end]
    behind = [pack([event], (), START - 1), pack((), [override], START + 200_000), end]
    for packs in (live, replay, behind):
        group = PolicyGroup(timeline, DictStates(), "transactions", DELAY)
        assert statuses(group, packs) == [("opened", "decision", 1_000), ("released", "rule", 150_000)]


@pytest.mark.parametrize("sweep", [False, True])
def test_a_ruling_is_kept_until_all_that_it_rules_has_been_looked_at(sweep: bool) -> None:
    until = START + 5_000 + STAND
    packs = [
        pack([scored(Event("e1", "payment", START, "bob", "o1"), 0.85)], (), START - 1),
        pack((), [decision("d", START + 5_000, "override", order="o1", action="review", expires_at=START + 400_000)]),
        pack(clock=START + 20_000),
        pack((), [Label("e1", "bob", "fraud", until - 500, "bank")], until - 600),
        pack(clock=until + 100),
        pack(clock=until + 5_000),
        pack(clock=START + 700_000),
    ]
    wanted = [("opened", "rule", 0), ("overridden", "decision", 5_000), ("expired", "expiry", 400_000)]
    assert statuses(new_group(), packs, sweep) == wanted
