"""Policies from files: what is told where a file is missing or unreadable."""

from pathlib import Path

import pytest

from dataflows.errors import UserError
from dataflows.policies import load_policy
from tests.policy.files import HEAD, RULES

TEXT = (HEAD + RULES).replace('["alice"]', '{ file = "lists/trusted.txt" }')


def test_lists_lie_beside_the_policy(tmp_path: Path) -> None:
    (tmp_path / "lists").mkdir()
    (tmp_path / "lists/trusted.txt").write_text("alice\n", encoding="utf-8")
    (tmp_path / "small.toml").write_text(TEXT, encoding="utf-8")
    assert load_policy(tmp_path / "small.toml").version.startswith("small@3#")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "small.toml"
    with pytest.raises(UserError, match=r"small\.toml: can't be read: No such file"):
        load_policy(path)
    path.write_text(TEXT, encoding="utf-8")
    with pytest.raises(UserError, match=r"trusted\.txt: can't be read: No such file"):
        load_policy(path)


def test_other_encodings_and_wrong_policies_are_told(tmp_path: Path) -> None:
    path = tmp_path / "small.toml"
    path.write_bytes(b'name = "caf\xe9"')
    with pytest.raises(UserError, match=r"small\.toml: not UTF-8 at byte 11: save it as UTF-8"):
        load_policy(path)
    path.write_text('name = "small"\nversion = 3 4\n', encoding="utf-8")
    with pytest.raises(UserError, match=r"small\.toml: not valid TOML: .*line 2, column 13"):
        load_policy(path)
    path.write_text(HEAD, encoding="utf-8")
    with pytest.raises(UserError, match=r"small\.toml: rules: Field required"):
        load_policy(path)
