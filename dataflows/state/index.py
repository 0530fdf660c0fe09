"""Where each key's newest record lies, and what the last versions replaced."""

from collections.abc import Iterable

from dataflows.state.log import Frame
from dataflows.state.store import ROLLBACK_VERSIONS

_SIZE_BITS = 28
_FILE_BITS = 1

MAX_RECORD_BYTES = (1 << _SIZE_BITS) - 1


def pack_location(offset: int, size: int, file: int) -> int:
    """Offset, size and the lowest bit of the file's number in one int: below 2**60 Python keeps it in 32 bytes."""
    return (offset << _SIZE_BITS | size) << _FILE_BITS | file & 1


def unpack_location(location: int) -> tuple[int, int, int]:
    """Offset, size and the lowest bit of the file's number."""
    return location >> _SIZE_BITS + _FILE_BITS, location >> _FILE_BITS & MAX_RECORD_BYTES, location & 1


class VersionedIndex:
    """The locations of all keys at the newest version; can go back to the floor, ROLLBACK_VERSIONS appends earlier.

    It is a function of the frames applied to it: the same after a restart as before.
    """

    def __init__(self) -> None:
        self.locations: dict[str, int] = {}
        self.used_bytes = 0
        self.following = 1
        self.floor = 0
        self._replaced: dict[int, list[tuple[str, int | None]]] = {}

    @property
    def held(self) -> tuple[int, ...]:
        """The versions that the table can be at, oldest first."""
        return self.floor, *self._replaced

    def apply(self, frame: Frame, offset: int, file: int) -> None:
        """Take in a frame whose first record lies at `offset`."""
        if frame.back:
            self._go_back(frame.version)
        else:
            self._replaced[frame.version] = self._replace(frame, offset, file)
            if len(self._replaced) > ROLLBACK_VERSIONS:
                self.floor = next(iter(self._replaced))
                del self._replaced[self.floor]
        self.following = frame.following

    def _replace(self, frame: Frame, offset: int, file: int) -> list[tuple[str, int | None]]:
        locations = self.locations
        replaced = [(key, locations.get(key)) for key in frame.keys]
        for key, size in zip(frame.keys, frame.sizes, strict=True):
            if size:
                locations[key] = pack_location(offset, size, file)
                offset += size
            else:
                locations.pop(key, None)
        self.used_bytes += sum(frame.sizes) - _total_size([old for _, old in replaced])
        return replaced

    def _go_back(self, version: int) -> None:
        if version == 0:
            self.locations.clear()
            self._replaced.clear()
            self.floor = self.used_bytes = 0
        for newer in [number for number in reversed(self._replaced) if number > version]:
            self._restore(self._replaced.pop(newer))

    def _restore(self, replaced: list[tuple[str, int | None]]) -> None:
        now = [self.locations.pop(key, None) for key, _ in replaced]
        self.locations.update((key, old) for key, old in replaced if old is not None)
        self.used_bytes += _total_size(old for _, old in replaced) - _total_size(now)


def _total_size(locations: Iterable[int | None]) -> int:
    return sum([location >> _FILE_BITS & MAX_RECORD_BYTES for location in locations if location is not None])
