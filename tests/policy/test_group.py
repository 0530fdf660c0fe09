"""What becomes known when, and how the clock goes on meanwhile, changes nothing."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.events import Event, Label, ManualDecision
from operators.packs import Arrival, ScoredPack
from operators.policy import PolicyGroup, Timeline, UserState
from operators.policy.life import outcome_order
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
from tests.policy.worlds import END, World, deliveries, run, worlds


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
