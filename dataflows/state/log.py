"""An append-only file of frames. A frame is one write: a header, a directory of what changed, the records."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from struct import Struct
from zlib import crc32

import msgspec

from dataflows.state.errors import RESTORE, StateDamagedError

FORMAT = 1

_AT_ONCE = os.sysconf("SC_IOV_MAX")
_HEADER = Struct("<BIII")  # format, bytes of the directory, bytes of the records, CRC-32 of the directory
_CHECKSUM = Struct("<I")  # of the header
_START = _HEADER.size + _CHECKSUM.size
_READ_AHEAD = 4096  # holds most frames' header and directory


class Frame(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """The directory: which version the table is at behind this frame, and what changed.

    Without `back` it is the next version, and `keys` have records of `sizes` bytes in the frame, 0 where the key was
    deleted. With `back` the table has gone back to `version`. `following` is the number of the next version.
    """

    version: int
    following: int
    back: bool = False
    keys: list[str] = []
    sizes: list[int] = []


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Frame).decode


class LogFile:
    """One file of frames. A write that the process's death cut short is cut off when the file is opened again."""

    def __init__(self, path: Path, number: int) -> None:
        self.path = path
        self.number = number
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        self.end = os.fstat(self._fd).st_size

    def append(self, frame: Frame, parts: Sequence[bytes]) -> int:
        """Write a frame with the parts of its records, in order, at the end; the offset of the first record.

        Raises OSError, and then nothing was appended.
        """
        directory, size = _encode(frame), sum(frame.sizes)
        header = _HEADER.pack(FORMAT, len(directory), size, crc32(directory))
        start = header + _CHECKSUM.pack(crc32(header)) + directory
        end = self._write([start, *parts])
        if end != self.end + len(start) + size:
            os.ftruncate(self._fd, self.end)
            raise OSError(f"{self.path}: a write was cut short: is the disk full?")
        first, self.end = self.end + len(start), end
        return first

    def _write(self, parts: list[bytes]) -> int:
        """Write at the end, so many parts at once as the system takes, without a copy; where the last write ended."""
        end = self.end
        for number in range(0, len(parts), _AT_ONCE):
            end += os.pwritev(self._fd, parts[number : number + _AT_ONCE], end)
        return end

    def frames(self) -> Iterator[tuple[Frame, int]]:
        """The frames and the offset of each one's first record, in order. Raises StateDamagedError."""
        position = 0
        while position < self.end:
            start = os.pread(self._fd, _READ_AHEAD, position)
            if len(start) < _START:
                break
            directory_size, records_size, checksum = self._header(start, position)
            records = position + _START + directory_size
            if records + records_size > self.end:
                break
            directory = start[_START : _START + directory_size]
            if len(directory) < directory_size:
                directory = self.read(position + _START, directory_size)
            if crc32(directory) != checksum:
                raise self._damaged(position)
            yield _decode(directory), records
            position = records + records_size
        self._cut(position)

    def read(self, offset: int, size: int) -> bytes:
        """`size` bytes at `offset`."""
        return os.pread(self._fd, size, offset)

    def close(self) -> None:
        """Close the file."""
        os.close(self._fd)

    def delete(self) -> None:
        """Close the file and remove it."""
        self.close()
        self.path.unlink()

    def _header(self, start: bytes, position: int) -> tuple[int, int, int]:
        (checksum,) = _CHECKSUM.unpack_from(start, _HEADER.size)
        frame_format, directory_size, records_size, directory_checksum = _HEADER.unpack_from(start)
        if crc32(start[: _HEADER.size]) != checksum or frame_format != FORMAT:
            raise self._damaged(position)
        return directory_size, records_size, directory_checksum

    def _cut(self, end: int) -> None:
        if end != self.end:
            os.ftruncate(self._fd, end)
            self.end = end

    def _damaged(self, position: int) -> StateDamagedError:
        return StateDamagedError(f"{self.path}: the frame at byte {position} is damaged; {RESTORE}")
