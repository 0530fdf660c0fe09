"""users: the users of each key group, with their windows."""

from bytewax.operators import StatefulBatchLogic

from dataflows import metrics
from dataflows.state import KeyedState, StateDirectory
from operators.features import FeatureSet
from operators.packs import UserPack
from operators.users import UserGroup, UserOutput, UserState


class UsersLogic(StatefulBatchLogic[UserPack, UserOutput, int]):
    """A UserGroup over its durable state; the snapshot is the state's version."""

    def __init__(self, group: UserGroup, states: KeyedState[UserState]) -> None:
        self._group = group
        self._states = states

    def on_batch(self, values: list[UserPack]) -> tuple[list[UserOutput], bool]:
        with metrics.timed("users"):
            outputs = [self._group.on_pack(pack) for pack in values]
        metrics.count_users(outputs)
        return outputs, StatefulBatchLogic.RETAIN

    def snapshot(self) -> int:
        return self._states.snapshot()


def build(
    features: FeatureSet, directory: StateDirectory, inputs: int, cache_entries: int, key: str, version: int | None
) -> UsersLogic:
    """The logic of key group `key`, as it was at `version`."""
    store = directory.table("users", key)
    store.rollback(version)
    states = KeyedState(store, UserState.encode, UserState.decode, cache_entries)
    return UsersLogic(UserGroup(features, states, int(key), inputs), states)
