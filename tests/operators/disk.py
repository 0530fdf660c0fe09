"""What a store would hold of states: the head and the blocks of each."""

from typing import Generic, TypeVar

from operators.ring import Ring
from operators.state import DictStates
from operators.users import UserState

B = TypeVar("B", Ring, UserState)


class Disk(Generic[B]):
    """Takes the changes of states of one kind and gives the states back."""

    def __init__(self, kind: type[B]) -> None:
        self._kind = kind
        self.heads: dict[str, bytes] = {}
        self.blocks: dict[str, dict[int, bytes]] = {}

    def write(self, key: str, state: B) -> None:
        """Take what changed."""
        self.heads[key], changes = state.take_changes()
        blocks = self.blocks.setdefault(key, {})
        for number, block in changes.items():
            if block is None:
                blocks.pop(number, None)
            else:
                blocks[number] = block

    def read(self, key: str) -> B:
        """The state as it was written last."""
        return self._kind.decode(self.heads[key], self.blocks[key].__getitem__)

    def restart(self, states: DictStates[B]) -> None:
        """Write every state and read it again."""
        for key, state in states.items():
            self.write(key, state)
            states[key] = self.read(key)
