"""Lists whose entries come and go while the flow runs."""

from bisect import insort
from collections.abc import Container

_Moves = dict[str, list[tuple[int, int, bool]]]
"""What has become of an entry: (event time, number of the change, whether it is on the list from then on), rising."""


class Lists:
    """All lists by their names. A look into one sees it as it is at `now`, in event time."""

    def __init__(self) -> None:
        self._moves: dict[str, _Moves] = {}
        self.now = 0

    def move(self, name: str, entry: str, since: int, number: int, member: bool) -> None:
        """Let an entry be on a list or not, from a time on; of moves at one time, the higher number counts."""
        insort(self._moves.setdefault(name, {}).setdefault(entry, []), (since, number, member))

    def named(self, name: str, written: frozenset[str]) -> Container[str]:
        """A list that a policy has written, with what has joined and left it."""
        return _List(self, self._moves.setdefault(name, {}), written)


class _List:
    """Costs the same however many entries there are."""

    __slots__ = ("_lists", "_moves", "_written")

    def __init__(self, lists: Lists, moves: _Moves, written: frozenset[str]) -> None:
        self._lists = lists
        self._moves = moves
        self._written = written

    def __contains__(self, entry: object) -> bool:
        moves = self._moves.get(entry)  # type: ignore[call-overload]
        if moves is not None:
            for since, _, member in reversed(moves):
                if since <= self._lists.now:
                    return bool(member)
        return entry in self._written
