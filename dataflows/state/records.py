"""A stored record: a format byte, a CRC-32 of the key and the payload, the payload. Data, never code."""

from struct import Struct
from zlib import crc32

FORMAT = 1

_HEADER = Struct("<BI")
_PAYLOAD = _HEADER.size


class RecordError(ValueError):
    """Bytes that are not a record of this format, or not the one that was written under the key."""


def seal(key: bytes, payload: bytes) -> bytes:
    """The record that holds `payload` under `key`."""
    return _HEADER.pack(FORMAT, crc32(payload, crc32(key))) + payload


def unseal(key: bytes, record: bytes) -> bytes:
    """The payload of the record found under `key`. Raises RecordError."""
    if len(record) < _PAYLOAD:
        raise RecordError(f"{len(record)} bytes are too short for a record")
    record_format, checksum = _HEADER.unpack_from(record)
    if record_format != FORMAT:
        raise RecordError(f"record format {record_format} is unknown, expected {FORMAT}")
    payload = record[_PAYLOAD:]
    if crc32(payload, crc32(key)) != checksum:
        raise RecordError("the checksum does not match")
    return payload
