"""users: the users of each key group, with their windows."""

from typing import Final

from contracts.events import Label
from dataflows import metrics
from dataflows.state import KeyedState, StateDirectory
from dataflows.steps.route import GROUP_KEYS
from operators.features import FeatureSet
from operators.packs import UserPack, encode_list, list_decoder
from operators.settling import Watermarks
from operators.users import UserGroup, UserOutput, UserState

STEP: Final = "users"
_EARLY: Final = "early"


class UsersPart:
    """A UserGroup over its durable state; the snapshot is the versions of users and early labels.

    Labels are read from partitions of their own, and may come before their events. So a label waits until every input
    has passed its time.
    """

    def __init__(
        self, group: UserGroup, states: KeyedState[UserState], early: KeyedState[list[Label]], inputs: int
    ) -> None:
        self._group = group
        self._states = states
        self._stored = early
        self._early = early.get(_EARLY) or []
        self._marks = Watermarks(inputs)

    def take(self, packs: list[UserPack]) -> list[UserOutput]:
        with metrics.timed(STEP):
            for pack in packs:
                pack.labels = self._due(pack)
            outputs = [self._group.on_pack(pack) for pack in packs]
        metrics.count_users(outputs)
        return outputs

    def _due(self, pack: UserPack) -> list[Label]:
        for number, watermark in pack.watermarks:
            self._marks.update(number, watermark)
        passed = self._marks.minimum
        labels = self._early + pack.labels
        self._early = [label for label in labels if label.label_time >= passed]
        return [label for label in labels if label.label_time < passed]

    def snapshot(self) -> tuple[int, int]:
        if self._early != (self._stored.get(_EARLY) or []):
            self._stored.put(_EARLY, self._early)
        with metrics.snapshot(STEP, self._states.changed):
            return self._states.snapshot(), self._stored.snapshot()


def open_part(
    features: FeatureSet, directory: StateDirectory, inputs: int, cache_entries: int,
    group: int, versions: tuple[int, int] | None,
) -> UsersPart:  # fmt: skip
    """The part of a key group, as it was at `versions`."""
    key = GROUP_KEYS[group]
    users, labels = directory.table(STEP, key), directory.table("labels", key)
    users.rollback(versions and versions[0])
    labels.rollback(versions and versions[1])
    states = KeyedState(users, UserState.encode, UserState.decode, cache_entries)
    early: KeyedState[list[Label]] = KeyedState(labels, encode_list, list_decoder(Label), 1)
    metrics.watch_state(STEP, states)
    return UsersPart(UserGroup(features, states, group, inputs), states, early, inputs)
