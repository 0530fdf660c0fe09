"""`sealwax doctor` sees what is wrong, says how to mend it, and fails only for what would fail a run."""

import os
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from dataflows import checks
from dataflows.checks import is_reachable
from tests.cli.running import Outcome, Sealwax

NO_BROKER = "127.0.0.1:1"


def _doctor(sealwax: Sealwax, tmp_path: Path, **settings: str) -> Outcome:
    tables = {"kafka": f'bootstrap = "{NO_BROKER}"', "scoring": 'checkpoint = "fake"'} | settings
    file = tmp_path / "sealwax.toml"
    file.write_text("".join(f"[{name}]\n{text}\n" for name, text in tables.items()))
    return sealwax("doctor", "--config", file)


def test_all_is_well_without_a_broker(sealwax: Sealwax, tmp_path: Path) -> None:
    told = _doctor(sealwax, tmp_path)
    assert told.status == 0
    levels = [line.split()[0] for line in told.out.splitlines()]
    assert levels.count("warn") == 1
    assert f"warn no Kafka broker at {NO_BROKER}" in told.out
    assert "fail" not in levels
    for words in ("Python 3.1", "packages", "torch", "GiB", "feature set", "policy", "scorer"):
        assert any(line.startswith("ok") and words in line for line in told.out.splitlines())


def test_a_checkpoint_that_is_not_there(sealwax: Sealwax, tmp_path: Path) -> None:
    told = _doctor(sealwax, tmp_path, scoring='checkpoint = "nowhere"')
    assert told.status == 1
    assert "fail nowhere" in told.out


def test_a_feature_set_that_does_not_parse_is_told_once(sealwax: Sealwax, tmp_path: Path) -> None:
    (tmp_path / "f.toml").write_text("nonsense = 1")
    (tmp_path / "sealwax.toml").write_text(f'features = "f.toml"\nkafka.bootstrap = "{NO_BROKER}"\n')
    told = sealwax("doctor")
    assert told.status == 1
    assert told.out.count("fail f.toml") == 1


@pytest.mark.parametrize("there", ["a file", "files of somebody else"])
def test_a_state_directory_that_cannot_be_one(there: str, sealwax: Sealwax, tmp_path: Path) -> None:
    place = tmp_path / "state"
    if there == "a file":
        place.write_text("")
    else:
        (place / "groups").mkdir(parents=True)
        (place / "groups" / "photo.jpeg").write_text("")
    told = _doctor(sealwax, tmp_path, state=f'directory = "{place}"')
    assert told.status == 1
    assert any(line.startswith("fail") and "state" in line for line in told.out.splitlines())


def test_looking_makes_no_state_directory(sealwax: Sealwax, tmp_path: Path) -> None:
    _doctor(sealwax, tmp_path, state='directory = "new/state"')
    assert not (tmp_path / "new").exists()


def test_a_full_disk_is_a_warning(sealwax: Sealwax, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "_LITTLE_DISK", 1 << 60)
    told = _doctor(sealwax, tmp_path)
    assert (told.status, "of disk are free: make room" in told.out) == (0, True)


def test_packages_that_are_missing_or_of_another_version() -> None:
    assert checks._problem(Requirement("no-such-package")) == "no-such-package is missing"
    assert "is not <2" in checks._problem(Requirement("pydantic<2"))
    assert checks._problem(Requirement("bytewax==0.21.1")) == ""


def test_settings_that_do_not_parse_are_an_error_of_the_user(sealwax: Sealwax, tmp_path: Path) -> None:
    (tmp_path / "sealwax.toml").write_text("[kafka]\nbootstap = 1\n")
    ended = sealwax("doctor")
    assert (ended.status, "bootstap" in ended.err) == (2, True)


def test_reaching_any_of_several_brokers_is_enough(bootstrap: str) -> None:
    assert is_reachable(f"{NO_BROKER},{bootstrap}")
    assert not is_reachable("nonsense")


@pytest.mark.kafka
def test_topics_are_looked_for(sealwax: Sealwax, tmp_path: Path, bootstrap: str) -> None:
    cluster = {"kafka": f'bootstrap = "{bootstrap}"', "topics": f'transactions = "t-{os.urandom(4).hex()}"'}
    told = _doctor(sealwax, tmp_path, **cluster)
    assert told.status == 1
    assert "is missing: sealwax topics create" in told.out
    sealwax("topics", "create", "--config", tmp_path / "sealwax.toml")
    told = _doctor(sealwax, tmp_path, **cluster)
    assert (told.status, "ok   9 topics" in told.out) == (0, True)
