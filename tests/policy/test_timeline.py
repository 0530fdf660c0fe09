"""Policies that follow one another, and lists whose entries come and go: what counts is event time alone."""

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.control import ControlChange
from contracts.decisions import RiskUpdate
from contracts.events import Event
from contracts.messages import INITIAL
from operators.policy import PolicyError, Timeline
from operators.policy.risk import NEVER, UserRisk
from tests.policy.files import parsed
from tests.policy.lives import POLICY, START, new_group, new_timeline, pack, scored
from tests.policy.worlds import END, World, deliveries, run, worlds

OTHER_LEVELS = (
    POLICY.replace("elevated = 0.3\nhigh = 0.6", "raised = 0.2\nelevated = 0.4\nhigh = 0.45")
    .replace('half_life = "40s"', 'half_life = "100s"')
    .replace("floor = 0.2", "floor = 0.4")
)
OTHER_RULES = (
    POLICY.replace('when = "score >= 0.5"', 'when = "score >= 0.3 || event.user_id in lists.blocked"')
    .replace("decisions_stand = ", "escalate_by = 0.3\ndecisions_stand = ")
    .replace("escalate_by = 0.05\n", "")
    .replace("[[rules]]", "[thresholds.odd]\nstart = 0.4\nmin = 0.3\n\n[[rules]]", 1)
    .replace('when = "score >= 0.4"', 'when = "score >= threshold.odd"')
)
TEXTS = {"levels": OTHER_LEVELS, "rules": OTHER_RULES}
FIRST, LEVELS, RULES = (parsed(text).version for text in (POLICY, OTHER_LEVELS, OTHER_RULES))


def policy(which: str, at: int, identity: str = "p") -> ControlChange:
    if which == INITIAL:
        return ControlChange(identity, "policy", INITIAL, START + at, "ann", "Why not.")
    version = parsed(TEXTS[which]).version
    return ControlChange(identity, "policy", version, START + at, "ann", "Why not.", text=TEXTS[which])


def threshold(value: float | None, at: int, identity: str = "t", name: str = "odd") -> ControlChange:
    return ControlChange(identity, "threshold", name, START + at, "ann", "Why not.", value=value)


def entry(user: str, at: int, member: bool = True, identity: str = "e") -> ControlChange:
    return ControlChange(identity, "list", "blocked", START + at, "ann", "Why not.", entry=user, member=member)


def timeline_of(*changes: ControlChange) -> Timeline:
    timeline = new_timeline()
    for number, change in enumerate(changes):
        timeline.check(change)
        timeline.add(change, number)
    return timeline


def versions(timeline: Timeline, *times: int) -> list[str]:
    return [timeline.at(START + time).versions.policy for time in times]


times = st.sampled_from([-1, 0, 1, 1_000, 2_001, 60_000, 149_000, 200_000, 300_000])
changes = st.one_of(
    st.builds(policy, st.sampled_from(["levels", "rules", INITIAL]), times),
    st.builds(threshold, st.sampled_from([None, 0.35, 0.55]), times),
    st.builds(entry, st.sampled_from(["ann", "bob"]), times, st.booleans()),
)


@given(worlds(), st.lists(changes, max_size=5), st.integers(0, 2**32))
def test_when_it_becomes_known_changes_nothing(world: World, some: list[ControlChange], seed: int) -> None:
    rng = random.Random(seed)
    at_once = run([pack(world.events, world.outcomes), pack(clock=END)], rng, changes=some)
    for restarts in (False, True):
        assert run(deliveries(world, rng), rng, restarts, some) == at_once
    timeline = timeline_of(*some)
    for scored_event, update in zip(world.events, at_once.updates, strict=True):
        arrival = scored_event.enriched.arrival
        assert update.versions == timeline.at(arrival.reached).versions


@given(st.lists(changes, max_size=6), st.integers(0, 2**32))
def test_order_of_the_adding_changes_nothing(some: list[ControlChange], seed: int) -> None:
    numbered = list(enumerate(some))
    random.Random(seed).shuffle(numbered)
    shuffled = new_timeline()
    for number, change in numbered:
        shuffled.add(change, number)
    whole = timeline_of(*some)
    for time in range(-2, 300_002, 30_000):
        assert shuffled.at(START + time)[1:] == whole.at(START + time)[1:]
    assert Counter(shuffled.changes(0, END)) == Counter(change.change_id for change in some)


def test_policies_and_thresholds_follow_one_another() -> None:
    timeline = timeline_of(
        policy("rules", 1_000), threshold(0.35, 2_000), policy("levels", 3_000), policy(INITIAL, 4_000)
    )
    assert versions(timeline, 999, 1_000, 2_000, 3_000, 4_000, 999) == [
        FIRST, RULES, f"{RULES}+odd=0.35", LEVELS, FIRST, FIRST,
    ]  # fmt: skip
    timeline.add(policy("rules", 5_000), 9)
    assert versions(timeline, 5_000) == [f"{RULES}+odd=0.35"]  # what was moved stays moved
    timeline.add(threshold(None, 6_000), 10)
    assert versions(timeline, 6_000) == [RULES]


def test_of_changes_at_one_time_the_last_counts() -> None:
    assert versions(timeline_of(policy("rules", 0), policy("levels", 0)), -1, 0) == [FIRST, LEVELS]
    assert versions(timeline_of(policy("rules", 0), threshold(0.35, 0)), 0) == [f"{RULES}+odd=0.35"]


@pytest.mark.parametrize("change", [threshold(0.2, 1), threshold(0.9, 1, name="none")])
def test_a_threshold_that_a_policy_does_not_allow_is_left_where_it_was(change: ControlChange) -> None:
    assert versions(timeline_of(policy("rules", 0), change), 1) == [RULES]


def updates(timeline: Timeline, *at: tuple[str, int]) -> list[RiskUpdate]:
    events = [scored(Event(f"e{number}", "payment", START + time, user), 0.1) for number, (user, time) in enumerate(at)]
    return [update for update, _ in new_group(timeline=timeline).on_pack(pack(events)).updates]


def test_entries_come_and_go() -> None:
    timeline = timeline_of(
        policy("rules", -1), entry("bob", 10), entry("bob", 20, member=False), entry("mallory", 15, member=False)
    )
    seen = updates(timeline, ("bob", 9), ("mallory", 9), ("bob", 10), ("bob", 19), ("mallory", 19), ("bob", 20))
    assert [bool(update.reasons) for update in seen] == [False, True, True, True, False, False]


def test_changes_are_found_by_their_time() -> None:
    timeline = timeline_of(policy("rules", 10, "a"), entry("bob", 5, identity="b"), threshold(0.35, 10, "c"))
    assert timeline.changes(START, START + 10) == ["b", "a", "c"]
    assert timeline.changes(START + 5, START + 9) == []
    assert [timeline.next_change(START + time) for time in (0, 5, 10)] == [START + 5, START + 10, NEVER]


@pytest.mark.parametrize(
    ("bad", "text"),
    [
        (
            policy("rules", 0).text.replace("score >= 0.8", "scroe >= 0.8"),
            'rule "likely": when, column 1: unknown name',
        ),
        (POLICY, "its text is that of the version"),
        ("levels = 3", "Field required"),
    ],
)
def test_a_bad_policy_is_refused(bad: str, text: str) -> None:
    change = ControlChange("x", "policy", RULES, START, "ann", "Why not.", text=bad)
    with pytest.raises(PolicyError, match=text):
        new_timeline().check(change)


def test_lists_in_files_come_with_the_policy() -> None:
    text = POLICY.replace("[[rules]]", '[lists]\nfrom_file = { file = "l.txt" }\n\n[[rules]]', 1).replace(
        '[lists]\ntrusted = ["alice"]\nblocked = ["mallory", "trudy"]\n', ""
    )
    version = parsed(text, {"l.txt": "x\n"}).version
    change = ControlChange("x", "policy", version, START, "ann", "Why not.", text=text, files={"l.txt": "x\n"})
    new_timeline().check(change)
    with pytest.raises(PolicyError, match=r"l\.txt was not pushed with it"):
        new_timeline().check(ControlChange("x", "policy", version, START, "ann", "Why not.", text=text))


def test_another_half_life_counts_from_when_it_is_in_force() -> None:
    """40 s halve it once before the change, 100 s once behind it; that is told when the user is looked at."""
    timeline = timeline_of(policy("levels", 40_000))
    since = timeline.at(START).levels_since
    risk, told = timeline.brought(UserRisk(0.8, START), "bob", since, START + 140_000)
    assert (risk.risk, risk.at) == (0.4, START + 40_000)
    assert [(one.level, one.at, one.half_life, one.versions.policy) for one in told] == [
        ("elevated", START + 40_000, 100_000, LEVELS)
    ]
    assert timeline.at(START + 140_000).engine.levels.course.present(risk, START + 140_000) == 0.2


@pytest.mark.parametrize("looks", [[], [50_000], [50_000, 61_000]])
def test_only_what_is_due_is_looked_at(looks: list[int]) -> None:
    """The user's level falls before the change; whether the clock was beyond it by then must not matter."""
    event = scored(Event("e", "payment", START, "bob"), 0.9)
    packs = [pack([event]), *(pack(clock=START + time) for time in looks), pack(clock=END)]
    written = run(packs, random.Random(0), changes=[policy("levels", 60_000)])
    assert [(change.level, change.versions.policy) for change in written.changes["bob"]] == [
        ("elevated", FIRST),
        ("low", FIRST),
    ]
