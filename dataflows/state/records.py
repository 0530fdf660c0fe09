"""A stored value: a format byte, a checksum (XXH3) of the key and the value, the value. Data, never code."""

from struct import Struct

from xxhash import xxh3_64_intdigest

FORMAT = 2

_HEADER = Struct("<BQ")


class RecordError(ValueError):
    """Bytes that are not a record of this format, or not the one that was written under the key."""


def seal(key: str, value: bytes) -> bytes:
    """What goes before `value` in the record that holds it under `key`."""
    return _HEADER.pack(FORMAT, _checksum(key, value))


def unseal(key: str, record: bytes) -> bytes:
    """The value in the record of `key`. Raises RecordError."""
    if len(record) < _HEADER.size:
        raise RecordError(f"{len(record)} bytes are too few")
    record_format, checksum = _HEADER.unpack_from(record)
    if record_format != FORMAT:
        raise RecordError(f"its format is {record_format}, expected {FORMAT}")
    value = record[_HEADER.size :]
    if _checksum(key, value) != checksum:
        raise RecordError("its checksum is wrong")
    return value


def _checksum(key: str, value: bytes) -> int:
    return xxh3_64_intdigest(value, xxh3_64_intdigest(key.encode()))
