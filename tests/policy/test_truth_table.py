"""What follows from what in the life of an action, one row each; times in seconds after the first."""

from typing import Any

import pytest

from contracts.decisions import PolicyAction, action_id
from contracts.events import Event, Label, Limit, ManualDecision
from operators.packs import ScoredPack
from operators.policy import PolicyGroup
from tests.policy.lives import DELAY, START, actions, check_lives, decision, new_group, pack, scored

LAST = 10_000
Step = tuple[Any, ...]


def pay(at: float, score: float | None, order: str = "o1", kind: str = "payment") -> Step:
    time = START + int(at * 1_000)
    return time, pack([scored(Event(f"e{at:g}", kind, time, "bob", order), score, int(at))])


def label(at: float, event: str, name: str) -> Step:
    time = START + int(at * 1_000)
    return time, pack(outcomes=[Label(event, "bob", name, time, "bank")])


def rule(at: float, verdict: str, order: str = "o1", action: str = "", ends: float = 0) -> Step:
    time = START + int(at * 1_000)
    expires_at = START + int(ends * 1_000) if ends else None
    return time, pack(outcomes=[decision(f"d{at:g}", time, verdict, order, "", "bob", action, expires_at)])


def play(steps: list[Step]) -> list[PolicyAction]:
    """Each step when its time has come and the clock is there, then a long silence."""
    group: PolicyGroup = new_group()
    taken = []
    for time, given in [*steps, (START + LAST * 1_000, ScoredPack(0, []))]:
        for one in (pack(clock=time - 1), given, pack(clock=time + DELAY)):
            taken += actions(group.on_pack(one))
    check_lives(taken, over=True)
    return taken


TABLE = [
    ([pay(0, 0.85)], "opened hold_order 0, expired hold_order 150"),
    ([pay(0, 0.3)], ""),
    ([pay(0, 0.96)], "opened block 0"),
    # worse, and not worse
    ([pay(0, 0.55), pay(9, 0.85)], "opened review 0, escalated hold_order 9, expired hold_order 159"),
    ([pay(0, 0.85), pay(9, 0.55)], "opened hold_order 0, expired hold_order 150"),
    ([pay(0, 0.85), pay(9, 0.89)], "opened hold_order 0, expired hold_order 150"),
    ([pay(0, 0.85), pay(9, 0.9)], "opened hold_order 0, escalated hold_order 9, expired hold_order 159"),
    ([pay(0, 0.85), pay(9, 0.96)], "opened hold_order 0, escalated block 9"),
    ([pay(0, 0.85), pay(9, 0.45)], "opened hold_order 0, expired hold_order 150"),
    ([pay(0, 0.85), pay(9, None)], "opened hold_order 0, expired hold_order 150"),
    # another order is another cause, and so is another rule where there is no order
    ([pay(0, 0.55), pay(9, 0.55, "o2")], "opened review 0, opened review 9, expired review 300, expired review 309"),
    (
        [pay(0, 0.55, ""), pay(9, 0.85, "")],
        "opened review 0, opened hold_order 9, expired hold_order 159, expired review 300",
    ),
    ([pay(0, 0.55, ""), pay(9, 0.56, "", "review")], "opened review 0, expired review 300"),
    # better
    ([pay(0, 0.85), pay(9, 0.05)], "opened hold_order 0, released hold_order 9"),
    ([pay(0, 0.85), pay(9, 0.05, "o2")], "opened hold_order 0, expired hold_order 150"),
    ([pay(0, 0.85), pay(9, 0.05, "")], "opened hold_order 0, released hold_order 9"),
    ([pay(0, 0.85), pay(9, 0.05, "", "review")], "opened hold_order 0, expired hold_order 150"),
    ([pay(0, 0.85), pay(200, 0.05)], "opened hold_order 0, expired hold_order 150"),
    # known
    ([pay(0, 0.85), label(9, "e0", "legitimate")], "opened hold_order 0, released hold_order 9"),
    ([pay(0, 0.85), label(9, "e0", "fraud")], "opened hold_order 0, confirmed hold_order 9"),
    ([pay(0, 0.85), label(9, "e0", "abuse")], "opened hold_order 0, confirmed hold_order 9"),
    ([pay(0, 0.85), label(9, "e1", "fraud")], "opened hold_order 0, expired hold_order 150"),
    ([pay(0, 0.85), label(150, "e0", "fraud")], "opened hold_order 0, confirmed hold_order 150"),
    ([pay(0, 0.85), label(151, "e0", "fraud")], "opened hold_order 0, expired hold_order 150"),
    (
        [pay(0, 0.55), pay(9, 0.85), label(20, "e0", "fraud")],
        "opened review 0, escalated hold_order 9, confirmed hold_order 20",
    ),
    # decided, which stands for 100 s
    ([pay(0, 0.85), rule(9, "release"), pay(10, 0.97)], "opened hold_order 0, released hold_order 9"),
    ([pay(0, 0.85), rule(9, "confirm"), pay(10, 0.9)], "opened hold_order 0, confirmed hold_order 9"),
    ([rule(0, "release"), pay(10, 0.97)], ""),
    ([rule(0, "release"), pay(101, 0.97)], "opened block 101"),
    ([pay(0, 0.85), rule(150, "confirm")], "opened hold_order 0, confirmed hold_order 150"),
    ([pay(0, 0.85), rule(151, "confirm"), pay(160, 0.9)], "opened hold_order 0, expired hold_order 150"),
    ([pay(0, 0.85), rule(9, "override", action="allow")], "opened hold_order 0, overridden allow 9"),
    (
        [pay(0, 0.85), rule(9, "override", action="review", ends=60), label(20, "e0", "fraud"), pay(25, 0.05)],
        "opened hold_order 0, overridden review 9, expired review 60",
    ),
    (
        [pay(0, 0.85), rule(9, "override", action="review", ends=60), rule(20, "release")],
        "opened hold_order 0, overridden review 9, released review 20",
    ),
    ([rule(0, "override", action="hold_order", ends=60)], "opened hold_order 0, expired hold_order 60"),
    # on one event alone, whatever the order
    (
        [pay(0, 0.75, kind="refund"), pay(9, 0.75, kind="refund"), pay(10, 0.85), label(20, "e9", "abuse")],
        "opened delay_refund 0, opened delay_refund 9, opened hold_order 10, confirmed delay_refund 20, "
        "expired hold_order 160, expired delay_refund 250",
    ),
    (
        [pay(0, 0.75, kind="refund"), rule(9, "release")],
        "opened delay_refund 0, expired delay_refund 250",
    ),
    # on the user, whatever the order
    (
        [pay(0, 0.75, kind="login"), pay(9, 0.75, "o2", "login"), pay(10, 0.85), pay(11, 0.82, "o3", "login")],
        "opened limit 0, opened hold_order 10, escalated limit 11, expired hold_order 160, expired limit 211",
    ),
    # too much of the same
    ([pay(0, 0.45), pay(9, 0.45, "o2"), pay(31, 0.45)], "opened step_up 0, opened step_up 31"),
]  # fmt: skip


@pytest.mark.parametrize(("steps", "expected"), TABLE)
def test_what_follows(steps: list[Step], expected: str) -> None:
    found = [f"{one.status} {one.action} {(one.effective_at - START) / 1_000:g}" for one in play(steps)]
    assert ", ".join(found) == expected


def test_a_transition_says_what_made_it_and_which_life_it_belongs_to() -> None:
    first, second, third = play([pay(0, 0.55), pay(9, 0.85), label(20, "e0", "legitimate")])
    assert [one.by for one in (first, second, third)] == ["rule", "rule", "label"]
    assert [one.cause for one in (first, second, third)] == ["maybe", "likely", "likely"]
    assert [one.event_id for one in (first, second, third)] == ["e0", "e9", "e9"]
    assert [one.reasons[0].code for one in (first, second, third)] == ["maybe", "likely", "label-legitimate"]
    assert second.opening == second.follows
    assert third.opening == second.opening
    _, ended = play([pay(0, 0.85), rule(9, "release")])
    assert (ended.by, ended.reasons[0].code, ended.reasons[0].text) == ("decision", "decision", "ann (d9): Seen.")
    _, over = play([pay(0, 0.85)])
    assert (over.by, over.effective_at, over.expires_at) == ("expiry", START + 150_000, START + 150_000)


def test_a_limit_says_what_it_allows_of_no_order() -> None:
    opened, over = play([pay(0, 0.75, kind="login")])
    assert [one.limit for one in (opened, over)] == [Limit(200.0, None, 86_400_000)] * 2
    assert (opened.order_id, opened.event_id) == ("", "e0")


def test_people_may_set_a_limit_instead_and_lift_what_is_on_one_event() -> None:
    limit = Limit(None, 3, 3_600_000)
    instead = decision("d9", START + 9_000, "override", "o1", "", "bob", "limit", START + 60_000, limit)
    held, limited, _ = play([pay(0, 0.85), (START + 9_000, pack(outcomes=[instead]))])
    assert (held.limit, limited.action, limited.limit) == (None, "limit", limit)
    opened, _ = play([pay(0, 0.75, kind="refund")])
    lift = decision("d9", START + 9_000, "release", "", action_id(opened))
    _, lifted = play([pay(0, 0.75, kind="refund"), (START + 9_000, pack(outcomes=[lift]))])
    assert (lifted.status, lifted.action, lifted.order_id) == ("released", "delay_refund", "o1")


def vain(*decisions: ManualDecision) -> list[tuple[str, str]]:
    """What is said of decisions, each given when its time has come, on a hold of 150 s from second 0."""
    group = new_group()
    told = group.on_pack(pay(0, 0.85)[1]).vain + group.on_pack(pack(clock=START + DELAY)).vain
    for one in decisions:
        group.on_pack(pack(clock=one.decision_time - 1))
        told += group.on_pack(pack(outcomes=[one])).vain + group.on_pack(pack(clock=one.decision_time + DELAY)).vain
    return [(one.ruled.decision.decision_id, one.text) for one in told]


def test_a_decision_that_changes_nothing_is_told() -> None:
    (hold,) = play([pay(0, 0.85)])[:1]
    release = decision("d1", START + 20_000, "release", action_id=action_id(hold))
    late = decision("d2", START + 160_000, "release", action_id=action_id(hold))
    text = f"no open action of the user has the record {action_id(hold)}"
    assert vain(release) == []
    assert vain(late) == [("d2", text)]
    assert vain(release, late) == [("d2", text)]
    assert vain(decision("d1", START + 160_000, "release", "o1")) == []  # it keeps rules away from the order


def test_a_decision_that_comes_twice_is_not() -> None:
    (hold,) = play([pay(0, 0.85)])[:1]
    for one in (
        decision("d1", START + 20_000, "release", action_id=action_id(hold)),
        decision("d1", START + 20_000, "confirm", "o1"),
    ):
        assert vain(one, one) == []


def test_a_decision_behind_a_later_one_is_told() -> None:
    later, earlier = decision("d2", START + 30_000, "release", "o1"), decision("d1", START + 20_000, "confirm", "o1")
    group = new_group()
    group.on_pack(pack(outcomes=[later], clock=START + 30_000 + DELAY))
    told = group.on_pack(pack(outcomes=[earlier], clock=START + 40_000)).vain
    assert [(one.ruled.decision.decision_id, one.text) for one in told] == [("d1", "the later decision d2 stands")]
