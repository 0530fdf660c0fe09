"""What a death in the middle of a write leaves, and what damage does."""

import random
import subprocess
import sys
from pathlib import Path

import pytest

from dataflows.state import StateDamagedError
from dataflows.state.log_store import LogStore
from tests.state.test_log_store import contents, logs

APPEND_FOR_EVER = """
import sys
from itertools import count
from pathlib import Path
from dataflows.state import log_store
from tests.state.test_crashes import changes
log_store._FREE_BYTES = 1 << 18
store = log_store.LogStore(Path(sys.argv[1]))
for version in count(int(sys.argv[2])):
    assert store.append(changes(version)) == version
    print(version, flush=True)
"""


def changes(version: int) -> dict[str, bytes | None]:
    """What a version changes: 20 of 60 keys, one of them deleted; a megabyte in all."""
    rng = random.Random(version)
    first, *others = rng.sample(range(60), 20)
    return {f"key {key}": rng.randbytes(8) * rng.randrange(1, 16_000) for key in others} | {f"key {first}": None}


def state_after(versions: list[int]) -> dict[str, bytes]:
    values: dict[str, bytes | None] = {}
    for version in versions:
        values |= changes(version)
    return {key: value for key, value in sorted(values.items()) if value is not None}


def killed_while_appending(path: Path, first: int, acknowledged: int) -> int:
    """Kill a process, SIGKILL, that has acknowledged so many appends; the last acknowledged version."""
    command = [sys.executable, "-c", APPEND_FOR_EVER, str(path), str(first)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]) as process:
        assert process.stdout is not None
        last = [int(process.stdout.readline()) for _ in range(acknowledged)][-1]
        process.kill()
        rest = process.stdout.read().split()
    return int(rest[-1]) if rest else last


def test_killed_at_any_moment_the_store_is_at_a_whole_version(tmp_path: Path) -> None:
    versions: list[int] = []
    newest = 0
    for kills in range(8):
        acknowledged = killed_while_appending(tmp_path, newest + 1, acknowledged=5 + 7 * kills)
        store = LogStore(tmp_path)
        assert acknowledged <= store.version <= acknowledged + 1
        versions += range(newest + 1, store.version + 1)
        newest = store.version
        assert contents(store) == state_after(versions)
        for _ in range(kills % 3):
            versions.pop()
        store.rollback(versions[-1])
        assert contents(store) == state_after(versions)
        store.close()


def test_an_append_cut_short_anywhere_leaves_the_version_before(tmp_path: Path) -> None:
    store = LogStore(tmp_path)
    store.append({"a": b"1", "b": b"2"})
    (log,) = logs(tmp_path)
    before = log.stat().st_size
    store.append({"a": b"3", "c": b"4"})
    store.close()
    whole = log.read_bytes()
    for size in range(before, len(whole)):
        log.write_bytes(whole[:size])
        store = LogStore(tmp_path)
        assert (store.version, contents(store)) == (1, {"a": b"1", "b": b"2"})
        assert store.append({"b": b"5"}) == 2
        store.close()
        store = LogStore(tmp_path)
        assert (store.version, contents(store)) == (2, {"a": b"1", "b": b"5"})
        store.close()


def test_no_changed_byte_goes_unnoticed(tmp_path: Path) -> None:
    store = LogStore(tmp_path)
    store.append({"a": b"12", "b": b"gone"})
    store.append({"b": None, "c": b"345"})
    store.close()
    (log,) = logs(tmp_path)
    whole = log.read_bytes()
    for position in range(len(whole)):
        damaged = bytearray(whole)
        damaged[position] ^= 1 << position % 8
        log.write_bytes(damaged)
        if not overwritten(position, whole):
            with pytest.raises(StateDamagedError):
                read_all(tmp_path)
    log.write_bytes(whole)
    read_all(tmp_path)


def overwritten(position: int, log: bytes) -> bool:
    """The record of "b" in the first frame is the only one that nobody reads any more."""
    end = log.index(b"gone") + len(b"gone")
    return end - len(b"gone") - 9 <= position < end


def read_all(path: Path) -> None:
    store = LogStore(path)
    try:
        contents(store)
    finally:
        store.close()


def test_damage_names_the_file_and_the_key(tmp_path: Path) -> None:
    store = LogStore(tmp_path / "users" / "07")
    store.append({"user-1": b"value"})
    (log,) = logs(tmp_path / "users" / "07")
    log.write_bytes(log.read_bytes().replace(b"value", b"valve"))
    with pytest.raises(StateDamagedError, match=r"users/07: the record of 'user-1' is damaged: its checksum is wrong"):
        store.get("user-1")
    store.close()
    log.write_bytes(b"\7" + log.read_bytes()[1:])
    with pytest.raises(StateDamagedError, match=r"users/07/0000000001.log: the frame at byte 0 is damaged; restore"):
        LogStore(tmp_path / "users" / "07")
