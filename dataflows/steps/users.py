"""users: the users of each key group, with their windows."""

from typing import Final

from contracts.events import Label
from dataflows import metrics
from dataflows.state import BlockwiseState, KeyedState, StateDirectory
from dataflows.steps.route import GROUP_KEYS
from dataflows.steps.sweeping import sweep
from operators.features import FeatureSet
from operators.packs import UserPack, encode_list, list_decoder
from operators.users import UserGroup, UserOutput, UserState

STEP: Final = "users"
_WAITING: Final = "waiting"


class UsersPart:
    """A UserGroup over its durable state; the snapshot is the versions of users and waiting labels."""

    def __init__(self, group: UserGroup, states: BlockwiseState[UserState], waiting: KeyedState[list[Label]]) -> None:
        self._group = group
        self._states = states
        self._waiting = waiting
        group.wait(waiting.get(_WAITING) or [])

    def take(self, packs: list[UserPack]) -> list[UserOutput]:
        with metrics.timed(STEP):
            outputs = [self._group.on_pack(pack) for pack in packs]
            sweep(self._states, lambda _, state: self._group.rest(state))
        metrics.count_users(outputs)
        return outputs

    def snapshot(self) -> tuple[int, int]:
        waiting = self._group.waiting
        if waiting != (self._waiting.get(_WAITING) or []):
            self._waiting.put(_WAITING, waiting)
        with metrics.snapshot(STEP, self._states.changed):
            return self._states.snapshot(), self._waiting.snapshot()


def open_part(
    features: FeatureSet, directory: StateDirectory, inputs: int, cache_entries: int,
    group: int, versions: tuple[int, int] | None,
) -> UsersPart:  # fmt: skip
    """The part of a key group, as it was at `versions`."""
    key = GROUP_KEYS[group]
    users, labels = directory.table(STEP, key), directory.table("labels", key)
    users.rollback(versions and versions[0])
    labels.rollback(versions and versions[1])
    states = BlockwiseState(users, UserState, cache_entries)
    waiting: KeyedState[list[Label]] = KeyedState(labels, encode_list, list_decoder(Label), 1)
    metrics.watch_state(STEP, states)
    return UsersPart(UserGroup(features, states, group, inputs), states, waiting)
