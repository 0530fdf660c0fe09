"""The state directory's marker, and its tables."""

from pathlib import Path

import pytest

from dataflows.state import StateDirectory, StateError


def marker(path: Path) -> Path:
    return path / "sealwax-state.json"


def test_tables_are_apart_by_step_and_group_and_outlive_the_process(tmp_path: Path) -> None:
    directory = StateDirectory(tmp_path / "state")
    tables = {(step, group): directory.table(step, group) for step in ("users", "join") for group in ("00", "63")}
    for (step, group), table in tables.items():
        table.append({"key": f"{step} {group}".encode()})
        table.close()
    again = StateDirectory(tmp_path / "state")
    for step, group in tables:
        assert again.table(step, group).get("key") == f"{step} {group}".encode()


@pytest.mark.parametrize("name", ["", "..", "a/b", "a.b"])
def test_a_name_is_one_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="can't name a step or a key group"):
        StateDirectory(tmp_path).table(name, "00")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b'{"format":3,"key_groups":128}', "has 128 key groups, this version 64"),
        (b'{"format":2,"key_groups":64}', "has state of format 2, this version reads 3"),
        (b'{"format":3}', "can't be read"),
        (b"", "can't be read"),
    ],
)
def test_refuses_what_another_version_made(tmp_path: Path, text: bytes, message: str) -> None:
    StateDirectory(tmp_path)
    marker(tmp_path).write_bytes(text)
    with pytest.raises(StateError, match=message):
        StateDirectory(tmp_path)


def test_refuses_a_directory_of_something_else(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("chapter 1")
    with pytest.raises(StateError, match="is not empty and not a state directory"):
        StateDirectory(tmp_path)
    assert not marker(tmp_path).exists()
