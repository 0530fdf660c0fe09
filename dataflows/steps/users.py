"""users: the users of each key group, with their windows."""

from typing import Final

from dataflows import metrics
from dataflows.state import KeyedState, StateDirectory
from dataflows.steps.route import GROUP_KEYS
from operators.features import FeatureSet
from operators.packs import UserPack
from operators.users import UserGroup, UserOutput, UserState

STEP: Final = "users"


class UsersPart:
    """A UserGroup over its durable state."""

    def __init__(self, group: UserGroup, states: KeyedState[UserState]) -> None:
        self._group = group
        self._states = states

    def take(self, packs: list[UserPack]) -> list[UserOutput]:
        with metrics.timed(STEP):
            outputs = [self._group.on_pack(pack) for pack in packs]
        metrics.count_users(outputs)
        return outputs

    def snapshot(self) -> int:
        with metrics.snapshot(STEP, self._states.changed):
            return self._states.snapshot()


def open_part(
    features: FeatureSet, directory: StateDirectory, inputs: int, cache_entries: int, group: int, version: int | None
) -> UsersPart:
    """The part of a key group, as it was at `version`."""
    store = directory.table(STEP, GROUP_KEYS[group])
    store.rollback(version)
    states = KeyedState(store, UserState.encode, UserState.decode, cache_entries)
    metrics.watch_state(STEP, states)
    return UsersPart(UserGroup(features, states, group, inputs), states)
