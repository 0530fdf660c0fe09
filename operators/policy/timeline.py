"""What is decided by at every moment of event time: the policies in force, one after the other, and the lists.

An event is decided by what is in force at the time that its partition had reached with it. Nothing is ever added
before a time that something has been decided at (see `dataflows.control_journal`), so what was in force never changes.
"""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Mapping
from typing import Final, NamedTuple

import msgspec

from contracts.control import ControlChange
from contracts.decisions import UserRiskChange, Versions
from contracts.messages import INITIAL
from operators.policy.engine import PolicyEngine
from operators.policy.errors import PolicyError
from operators.policy.levels import Levels
from operators.policy.lists import Lists
from operators.policy.policy import Policy, parse_policy
from operators.policy.risk import NEVER, UserRisk
from operators.settling import UNKNOWN

_ENGINES: Final = 8
"""Policies of different versions that are kept ready to decide."""


class Stage(NamedTuple):
    """A policy from a time on."""

    since: int
    """Event time, epoch ms; UNKNOWN: from the beginning."""
    policy: Policy
    versions: Versions
    levels: Levels
    levels_since: int
    """When its levels came into force, perhaps with a policy before it."""
    written: Policy
    """As its file says."""
    moved: Mapping[str, float]
    """All thresholds that have been moved, the policy's or not."""


class Term(NamedTuple):
    """The time for which a policy is in force, with what it decides by."""

    engine: PolicyEngine
    versions: Versions
    since: int
    levels_since: int


class Timeline:
    """Begins with the policy that the flow was started with; changes are added as they are accepted."""

    def __init__(self, initial: Policy, feature_names: tuple[str, ...], versions: Versions) -> None:
        """`versions` names model and feature set. Raises PolicyError for a policy that doesn't fit the features."""
        self.initial = initial
        """In force until the first change."""
        self._features = feature_names
        self._versions = versions
        self._lists = Lists()
        self._engines: dict[tuple[object, ...], PolicyEngine] = {}
        self._policies: list[tuple[int, int, ControlChange]] = []
        self._stages: list[Stage] = []
        self._changes: list[tuple[int, int, str]] = []
        self._begin(UNKNOWN, initial, {})
        self._turn(UNKNOWN)

    def at(self, time: int) -> Term:
        """The policy in force at a time, ready to look into the lists as they are then."""
        self._lists.now = time
        if not self._since <= time < self._until:
            self._turn(time)
        return self._term

    def check(self, change: ControlChange) -> None:
        """Raise PolicyError for a change that can't be added, with the reason.

        Lists and thresholds need not be any policy's: compaction may have left the one before the other.
        """
        if change.kind == "policy" and change.name != INITIAL:
            policy = _parse(change)
            if policy.version != change.name:
                raise PolicyError(
                    f"{change.name}: its text is that of the version {policy.version}: push the file anew"
                )
            PolicyEngine(policy, self._features)

    def add(self, change: ControlChange, number: int) -> None:
        """Add a change that has been checked. Of two for the same time, that with the higher number counts."""
        insort(self._changes, (change.effective_at, number, change.change_id))
        if change.kind == "list":
            self._lists.move(change.name, change.entry, change.effective_at, number, change.member)
            return
        insort(self._policies, (change.effective_at, number, change))
        del self._stages[bisect_left(self._stages, change.effective_at, key=_since) :]
        for since, _, later in self._policies[bisect_left(self._policies, (change.effective_at,)) :]:
            self._succeed(since, later)
        self._turn(self._lists.now)

    def next_change(self, time: int) -> int:
        """The earliest time after `time` at which anything changes, as far as is known; or NEVER."""
        index = bisect_right(self._changes, (time, NEVER))
        return self._changes[index][0] if index < len(self._changes) else NEVER

    def changes(self, after: int, until: int) -> list[str]:
        """The ids of the changes that become effective after one time and not after another, in order."""
        begin, end = bisect_right(self._changes, (after, NEVER)), bisect_right(self._changes, (until, NEVER))
        return [identity for _, _, identity in self._changes[begin:end]]

    def brought(
        self, risk: UserRisk, user_id: str, since: int, until: int
    ) -> tuple[UserRisk, tuple[UserRiskChange, ...]]:
        """A user's risk, left by the levels in force since a time, as those in force at another take it over, with what
        has to be told on the way."""
        first, last = self._index(since), self._index(until)
        stage = self._stages[first]
        if last < first:
            target = self._stages[last]
            return target.levels.take_over(risk, user_id, risk.at, stage.levels, target.versions)
        changes: tuple[UserRiskChange, ...] = ()
        for following in self._stages[first + 1 : last + 1]:
            risk, fallen = stage.levels.fade(risk, user_id, following.since - 1, stage.versions)
            told: tuple[UserRiskChange, ...] = ()
            if following.levels != stage.levels:
                risk, told = following.levels.take_over(
                    risk, user_id, following.since, stage.levels, following.versions
                )
            changes += fallen + told
            stage = following
        return risk, changes

    def fallen(
        self, risk: UserRisk, user_id: str, since: int, until: int
    ) -> tuple[UserRisk, tuple[UserRiskChange, ...], int]:
        """The risk once its level has fallen as often as it does up to `until`, and since when its levels are in force.

        No policy takes it over that isn't needed for that: how far the clock is changes nothing.
        """
        changes: tuple[UserRiskChange, ...] = ()
        while (at := risk.falls) <= until:
            stage = self._stages[self._index(at)]
            risk, told = self.brought(risk, user_id, since, at)
            risk, fallen = stage.levels.fade(risk, user_id, at, stage.versions)
            changes, since = changes + told + fallen, stage.levels_since
        return risk, changes, since

    def is_spent(self, risk: UserRisk, since: int, time: int) -> bool:
        """Whether nothing is left of a risk at a time, and nothing is still to be told of it."""
        brought, told = self.brought(risk, "", since, time)
        return not told and self._stages[self._index(time)].levels.course.is_spent(brought, time)

    def adopted(self, risk: UserRisk, since: int) -> UserRisk:
        """A risk left by the levels in force since a time, where the flow was started with other ones then."""
        return self._stages[self._index(since)].levels.adopted(risk)

    def review_score(self, time: int) -> float:
        """The least score that alone lifts a user out of the lowest level, by the policy in force at a time."""
        return self._stages[self._index(time)].policy.user_risk.review_score

    def standing(self, time: int) -> tuple[int, Versions]:
        """How long (ms) a manual decision made at a time stands, and the versions of what it opens."""
        stage = self._stages[self._index(time)]
        return stage.policy.decisions_stand, stage.versions

    def _index(self, time: int) -> int:
        return max(0, bisect_right(self._stages, time, key=_since) - 1)

    def _succeed(self, since: int, change: ControlChange) -> None:
        written, moved = self._stages[-1].written, self._stages[-1].moved
        if self._stages[-1].since == since:
            self._stages.pop()
        if change.kind == "policy":
            written = self.initial if change.name == INITIAL else _parse(change)
        elif change.value is None:
            moved = {name: value for name, value in moved.items() if name != change.name}
        else:
            moved = {**moved, change.name: change.value}
        self._begin(since, written, moved)

    def _begin(self, since: int, written: Policy, moved: Mapping[str, float]) -> None:
        fitting = {name: value for name, value in moved.items() if _allows(written, name, value)}
        policy = written.with_thresholds(fitting) if fitting else written
        versions, levels = msgspec.structs.replace(self._versions, policy=policy.version), Levels.of(policy)
        same = self._stages and self._stages[-1].levels == levels
        levels_since = self._stages[-1].levels_since if same else since
        self._stages.append(Stage(since, policy, versions, levels, levels_since, written, moved))

    def _turn(self, time: int) -> None:
        index = self._index(time)
        stage = self._stages[index]
        self._term = Term(self._engine(stage.policy), stage.versions, stage.since, stage.levels_since)
        self._since = stage.since
        self._until = self._stages[index + 1].since if index + 1 < len(self._stages) else NEVER

    def _engine(self, policy: Policy) -> PolicyEngine:
        key = policy.version, *policy.threshold_values.values()
        engine = self._engines.pop(key, None)
        if engine is None:
            lists = {name: self._lists.named(name, written) for name, written in policy.lists.items()}
            engine = PolicyEngine(policy, self._features, lists)
        self._engines[key] = engine
        if len(self._engines) > _ENGINES:
            del self._engines[next(iter(self._engines))]
        return engine


def _since(stage: Stage) -> int:
    return stage.since


def _allows(policy: Policy, name: str, value: float) -> bool:
    """Whether a policy has a threshold that may be moved so far."""
    table = policy.thresholds.get(name)
    return table is not None and table.min <= value <= table.max


def _parse(change: ControlChange) -> Policy:
    """Raises PolicyError."""

    def read_list(name: str) -> str:
        if name not in change.files:
            raise PolicyError(f"{change.name}: the list's file {name} was not pushed with it: push the policy anew")
        return change.files[name]

    return parse_policy(change.text, change.name, read_list)
