"""policy: what the policy decides on each scored event, and the life of the actions that follow."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec
from bytewax.operators import StatefulBatchLogic

from contracts.events import Label
from dataflows import metrics
from dataflows.control_journal import ControlJournal
from dataflows.state import GroupStore, KeyedState, StateDirectory
from dataflows.steps.grouped import GroupLogic
from dataflows.steps.route import GROUP_KEYS
from dataflows.steps.sweeping import sweep
from operators.packs import Ruled, ScoredPack
from operators.policy import Decided, PolicyGroup, Timeline, UserState
from operators.policy.life import Judgment

STEP: Final = "policy"

LOOK: Final = 1.0
"""Seconds between two looks at the wall clock, where no input comes."""

GRACE: Final = 60_000
"""What time brings without input comes so late (ms): an event that was under way is there before."""

_WAITING: Final = "waiting"
_DUE: Final = "due "


class _Waiting(msgspec.Struct, array_like=True):
    labels: list[Label]
    decisions: list[Ruled]
    judgments: list[Judgment]


_encode = msgspec.msgpack.Encoder().encode
_waiting = msgspec.msgpack.Decoder(_Waiting).decode
_due = msgspec.msgpack.Decoder(int).decode


class PolicyPart:
    """A PolicyGroup over its durable state; the snapshot is the versions of users and of what waits for its time.

    `wall` and `awake` are the wall clock and one that never goes back, in seconds.
    """

    def __init__(
        self,
        group: PolicyGroup,
        states: KeyedState[UserState],
        agenda: GroupStore,
        journal: ControlJournal,
        wall: Callable[[], float] = time.time,
        awake: Callable[[], float] = time.monotonic,
    ) -> None:
        self._group = group
        self._states = states
        self._agenda = agenda
        self._journal = journal
        self._wall = wall
        self._awake = awake
        self._idle_from: int | None = None
        self._written = _Waiting([], [], [])
        self._restore()

    def take(self, packs: list[ScoredPack]) -> list[Decided]:
        self._journal.catch_up()
        with metrics.timed(STEP):
            decided = [self._group.on_pack(pack) for pack in packs]
            sweep(self._states, lambda _, state: self._group.rest(state))
        return decided

    def wake_at(self) -> datetime | None:
        """When to look at the clock: soon, where nothing comes and something is due some day."""
        if not self._group.idle or self._group.due is None:
            self._idle_from = None
            return None
        if self._idle_from is None:
            self._idle_from, self._idle, self._looked = self._group.clock, 0.0, self._awake()
        return datetime.now(UTC) + timedelta(seconds=LOOK)

    def look(self) -> list[Decided]:
        """What time has brought meanwhile. Event time goes on as the clock does, but never beyond the wall's."""
        if self._idle_from is None:
            return []
        now = self._awake()
        self._idle += min(now - self._looked, 2 * LOOK)  # a process that stood still has not seen that nothing came
        self._looked = now
        time = min(self._idle_from + int(self._idle * 1_000), int(self._wall() * 1_000)) - GRACE
        if time <= self._group.clock:
            return []
        self._journal.go_on(time)
        return [self._group.pass_time(time)]

    def snapshot(self) -> tuple[int, int]:
        changes = {_DUE + user: None if due is None else _encode(due) for user, due in self._group.touched().items()}
        outcomes = self._group.outcomes
        labels = [one for one in outcomes if isinstance(one, Label)]
        waiting = _Waiting(labels, [one for one in outcomes if isinstance(one, Ruled)], self._group.judgments)
        if waiting != self._written:
            changes[_WAITING] = _encode(waiting)
            self._written = waiting
        with metrics.snapshot(STEP, self._states.changed):
            return self._states.snapshot(), self._agenda.append(changes) if changes else self._agenda.version

    def _restore(self) -> None:
        for key in self._agenda.keys():  # noqa: SIM118 (no mapping)
            value = self._agenda.get(key) or b""
            if key == _WAITING:
                self._written = _waiting(value)
                self._group.wait([*self._written.labels, *self._written.decisions], self._written.judgments)
            else:
                self._group.remind(key.removeprefix(_DUE), _due(value))


class PolicyLogic(GroupLogic[ScoredPack, Decided, tuple[int, int]]):
    """A key group that time goes on for while no input comes."""

    def __init__(
        self,
        open_part: Callable[[int, tuple[int, int] | None], PolicyPart],
        resumed: tuple[int, tuple[int, int]] | None,
    ) -> None:
        self._policy: PolicyPart | None = None

        def opened(group: int, versions: tuple[int, int] | None) -> PolicyPart:
            self._policy = open_part(group, versions)
            return self._policy

        super().__init__(opened, resumed)

    def notify_at(self) -> datetime | None:
        return None if self._policy is None else self._policy.wake_at()

    def on_notify(self) -> tuple[list[Decided], bool]:
        return [] if self._policy is None else self._policy.look(), StatefulBatchLogic.RETAIN


def open_part(
    journal: ControlJournal, directory: StateDirectory, cache_entries: int, topic: str, delay: int,
    shown: tuple[str, ...],
    group: int, held: tuple[int, int] | None,
) -> PolicyPart:  # fmt: skip
    """The part of a key group, as it was at the versions `held`; `shown` features go out with the updates."""
    key = GROUP_KEYS[group]
    users, agenda = directory.table(STEP, key), directory.table("agenda", key)
    users.rollback(held and held[0])
    agenda.rollback(held and held[1])
    timeline = journal.timeline
    states = KeyedState(users, UserState.encode, lambda data: _adopted(timeline, UserState.decode(data)), cache_entries)
    metrics.watch_state(STEP, states)
    return PolicyPart(PolicyGroup(timeline, states, topic, delay, shown), states, agenda, journal)


def _adopted(timeline: Timeline, state: UserState) -> UserState:
    """The policy that the flow is started with may be another since the state was written."""
    if state.risk is not None:
        state.risk = timeline.adopted(state.risk, state.since)
    return state
