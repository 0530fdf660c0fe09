"""A stored value: a format byte, a CRC-32 of the key and the value, the value. Data, never code."""

from struct import Struct
from zlib import crc32

FORMAT = 1

_HEADER = Struct("<BI")


class RecordError(ValueError):
    """Bytes that are not a record of this format, or not the one that was written under the key."""


def seal(key: str, value: bytes) -> bytes:
    """The record that holds `value` under `key`; never empty."""
    return _HEADER.pack(FORMAT, crc32(value, crc32(key.encode()))) + value


def unseal(key: str, record: bytes) -> bytes:
    """The value in the record of `key`. Raises RecordError."""
    if len(record) < _HEADER.size:
        raise RecordError(f"{len(record)} bytes are too few")
    record_format, checksum = _HEADER.unpack_from(record)
    if record_format != FORMAT:
        raise RecordError(f"its format is {record_format}, expected {FORMAT}")
    value = record[_HEADER.size :]
    if crc32(value, crc32(key.encode())) != checksum:
        raise RecordError("its checksum is wrong")
    return value
