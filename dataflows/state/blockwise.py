"""States of many records: a snapshot writes those that changed, however large the rest of the state is."""

from collections.abc import Callable, Iterable, Mapping
from typing import Final, Protocol, Self, TypeVar

from dataflows.state.cached import CachedStates
from dataflows.state.store import GroupStore

_MARK: Final = "\0"
"""What the name of a block begins with. A key that does so has one more before it."""


class Blockwise(Protocol):
    """A state that is a head and numbered blocks. It knows which of them it has given out, or was decoded from."""

    def take_changes(self) -> tuple[bytes, Mapping[int, bytes | None]]:
        """The head, and the blocks that changed since the last call; None for one that is gone."""

    @classmethod
    def decode(cls, head: bytes, block: Callable[[int], bytes]) -> Self:
        """The state of a head and its blocks, that `block` gives by number."""

    @staticmethod
    def blocks(head: bytes) -> Iterable[int]:
        """The numbers of the blocks that belong to a head."""


B = TypeVar("B", bound=Blockwise)


class BlockwiseState(CachedStates[B]):
    """A step's states of one kind by key; a snapshot writes the head and the changed blocks of each that changed."""

    def __init__(self, store: GroupStore, kind: type[B], cache_entries: int) -> None:
        super().__init__(store, cache_entries)
        self._kind = kind

    def _write(self, key: str, state: B) -> None:
        head, blocks = state.take_changes()
        self._records[key if key[:1] != _MARK else _head_name(key)] = head  # spares most a call
        if blocks:
            self._records.update({_block_name(key, number): block for number, block in blocks.items()})

    def _load(self, key: str) -> B | None:
        head = self._record(_head_name(key))
        return None if head is None else self._kind.decode(head, lambda number: self._block(key, number))

    def _erase(self, key: str) -> None:
        name = _head_name(key)
        head = self._record(name)
        self._records[name] = None
        if head is not None:
            self._records.update({_block_name(key, number): None for number in self._kind.blocks(head)})

    def _stored_keys(self) -> list[str]:
        return [name.removeprefix(_MARK) for name in self._store.keys() if not _names_block(name)]  # noqa: SIM118

    def _block(self, key: str, number: int) -> bytes:
        block = self._record(_block_name(key, number))
        assert block is not None, "a head is written with its blocks, in one version"
        return block


def _head_name(key: str) -> str:
    return _MARK + key if key.startswith(_MARK) else key


def _block_name(key: str, number: int) -> str:
    return f"{_MARK}{number:x} {key}"


def _names_block(name: str) -> bool:
    return name.startswith(_MARK) and not name.startswith(_MARK, 1)
