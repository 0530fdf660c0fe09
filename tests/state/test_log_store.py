"""The store of one key group: versions, rollback, locks, and the files behind them."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from dataflows.state import StateLockedError, StateLostError
from dataflows.state.log_store import LogStore

OPEN_AND_WAIT = """
import sys
from pathlib import Path
from dataflows.state.log_store import LogStore
store = LogStore(Path(sys.argv[1]))
print("open", flush=True)
sys.stdin.read()
"""


def contents(store: LogStore) -> dict[str, bytes | None]:
    return {key: store.get(key) for key in sorted(store.keys())}


def logs(path: Path) -> list[Path]:
    return sorted(path.glob("*.log"))


def test_a_version_for_each_append_and_none_twice(tmp_path: Path) -> None:
    store = LogStore(tmp_path)
    assert store.version == 0
    assert [store.append({"a": b"1"}), store.append({"b": b"2"}), store.append({})] == [1, 2, 3]
    store.rollback(1)
    assert store.version == 1
    assert store.append({"b": b"3"}) == 4
    assert contents(store) == {"a": b"1", "b": b"3"}


@pytest.mark.parametrize("reopen", [False, True])
@pytest.mark.parametrize("version", [3, 4, 5])
def test_goes_back_two_versions_before_the_newest(tmp_path: Path, version: int, reopen: bool) -> None:
    store = LogStore(tmp_path)
    for number in range(1, 6):
        store.append({"a": b"%d" % number, f"only {number}": b"x", f"only {number - 2}": None})
    if reopen:
        store.close()
        store = LogStore(tmp_path)
    store.rollback(version)
    expected = {"a": b"%d" % version, f"only {version - 1}": b"x", f"only {version}": b"x"}
    assert (store.version, contents(store)) == (version, expected)
    store.close()
    assert contents(LogStore(tmp_path)) == expected


@pytest.mark.parametrize("version", [0, 1, 2, 6])
def test_refuses_a_version_that_it_does_not_hold(tmp_path: Path, version: int) -> None:
    store = LogStore(tmp_path)
    for number in range(1, 6):
        store.append({"a": b"%d" % number})
    with pytest.raises(StateLostError, match=rf"holds the versions 3, 4, 5, the engine resumes from {version}"):
        store.rollback(version)
    assert (store.version, contents(store)) == (5, {"a": b"5"})


def test_refuses_a_version_that_was_rolled_back(tmp_path: Path) -> None:
    store = LogStore(tmp_path)
    store.append({"a": b"1"})
    store.append({"a": b"2"})
    store.rollback(1)
    store.append({"a": b"3"})
    with pytest.raises(StateLostError):
        store.rollback(2)


def test_refuses_when_a_power_loss_took_the_newest_versions(tmp_path: Path) -> None:
    store = LogStore(tmp_path / "table")
    store.append({"a": b"1"})
    shutil.copytree(tmp_path / "table", tmp_path / "before")
    durable = store.append({"a": b"2"})
    store.close()
    lost = LogStore(tmp_path / "before")
    with pytest.raises(StateLostError, match="data was lost; restore the state directory from a backup"):
        lost.rollback(durable)


def test_wiping_leaves_nothing_but_the_numbers(tmp_path: Path) -> None:
    store = LogStore(tmp_path)
    for _ in range(4):
        store.append({"a": b"1", "b": b"2"})
    store.rollback(None)
    assert (store.version, contents(store), store.get("a")) == (0, {}, None)
    store.close()
    store = LogStore(tmp_path)
    assert (store.version, contents(store)) == (0, {})
    assert store.append({"c": b"3"}) == 5
    store.rollback(0)
    assert contents(store) == {}


def test_any_text_is_a_key_and_any_bytes_are_a_value(tmp_path: Path) -> None:
    values = {"": b"", "\0": b"\0" * 5000, "用户": bytes(range(256)), "a" * 5000: b"x"}
    store = LogStore(tmp_path)
    store.append(values)
    store.close()
    assert contents(LogStore(tmp_path)) == dict(sorted(values.items()))


def test_a_value_beyond_the_limit_is_refused_and_nothing_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dataflows.state.log_store.MAX_RECORD_BYTES", 1_000)
    store = LogStore(tmp_path)
    with pytest.raises(ValueError, match="a state of 1001 bytes, at most 1000 can be stored"):
        store.append({"a": b"1", "b": bytes(992)})
    assert (store.version, contents(store)) == (0, {})


def test_a_full_disk_leaves_the_version_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = LogStore(tmp_path)
    store.append({"a": b"1"})
    whole_write = os.pwritev
    with monkeypatch.context() as disk:
        disk.setattr(os, "pwritev", lambda file, parts, offset: whole_write(file, [*parts[:-1], b"2"], offset))
        with pytest.raises(OSError, match="is the disk full"):
            store.append({"a": b"2" * 100})
    assert store.append({"b": b"3"}) == 2
    store.close()
    assert contents(LogStore(tmp_path)) == {"a": b"1", "b": b"3"}


def test_the_log_stays_in_proportion_to_what_is_in_use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dataflows.state.log_store._FREE_BYTES", 10_000)
    store = LogStore(tmp_path)
    store.append({f"idle {number}": bytes(1000) for number in range(50)})
    files = set()
    for number in range(2000):
        store.append({f"busy {number % 50}": b"%d" % number * 100})
        files |= set(logs(tmp_path))
        assert sum(log.stat().st_size for log in logs(tmp_path)) < 500_000
    assert len(files) > 3
    assert len(store.keys()) == 100
    assert store.get("busy 49") == b"1999" * 100
    for number in range(50):
        store.append({f"idle {number}": None, f"busy {number}": None})
    for _ in range(200):
        store.append({"a": b"1"})
    assert sum(log.stat().st_size for log in logs(tmp_path)) < 50_000


def test_a_rollback_forgets_what_was_taken_along_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dataflows.state.log_store._FREE_BYTES", 0)
    store = LogStore(tmp_path)
    idle = {f"idle {number}": b"%d" % number * 100 for number in range(40)}
    store.append(idle)
    for number in range(400):
        before = store.version
        store.append({"busy": b"%d" % number * 100})
        if number % 3 == 0:
            store.rollback(before)
    assert int(logs(tmp_path)[0].stem) > 3
    assert {key: store.get(key) for key in idle} == idle


def test_a_table_is_open_once_and_free_when_its_process_was_killed(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", OPEN_AND_WAIT, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"open\n"
        with pytest.raises(StateLockedError, match="is in use: stop the other process"):
            LogStore(tmp_path)
        holder.kill()
    store = LogStore(tmp_path)
    with pytest.raises(StateLockedError):
        LogStore(tmp_path)
    store.close()
    LogStore(tmp_path).close()


def test_what_waits_behind_a_slow_partition_fits_into_one_record(tmp_path: Path) -> None:
    """Tens of thousands of events in the join of one key group: 20 MB and more."""
    queue = bytes(range(256)) * 100_000
    store = LogStore(tmp_path)
    store.append({"pending": queue, "after": b"1"})
    store.close()
    assert contents(LogStore(tmp_path)) == {"pending": queue, "after": b"1"}
