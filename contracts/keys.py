"""Stable hashes: fingerprints of identifiers, key groups, and the ids of what the flow writes."""

from xxhash import xxh3_64_intdigest, xxh3_128_hexdigest

KEY_GROUPS = 64
"""Fixed for the life of a state directory, as Flink's maximum parallelism is."""


def fingerprint(identifier: str) -> int:
    """63-bit XXH3 of an identifier, never 0: 0 stands for "absent". Fits a signed 64-bit column.

    Two of a million identifiers share one with a probability below 1e-7.
    """
    return xxh3_64_intdigest(identifier.encode()) >> 1 or 1


def key_group(key: str) -> int:
    """The key group, 0 to KEY_GROUPS - 1, of an entity key; the same in every process and version."""
    return xxh3_64_intdigest(key.encode()) % KEY_GROUPS


def record_id(*parts: str) -> str:
    """A deterministic id (128-bit XXH3, hex) of an output record, from what identifies it. Parts may hold any text."""
    return xxh3_128_hexdigest("".join([f"{len(part)}:{part}" for part in parts]).encode())
