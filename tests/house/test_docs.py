"""The documents keep up with the code: every command line in them parses, every decision is in the index."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.parsing import parses

ROOT = Path(__file__).parents[2]
DECISIONS = ROOT / "docs" / "adr"
SHELL = re.compile(r"^```(?:sh|bash|console)\n(.*?)^```", re.DOTALL | re.MULTILINE)


def _command_lines() -> Iterator[tuple[str, str]]:
    for page in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))):
        for block in SHELL.findall(page.read_text()):
            for line in block.replace("\\\n", " ").splitlines():
                command = line.removeprefix("$ ").partition("#")[0].strip()
                if command.startswith("sealwax "):
                    yield page.name, command


@pytest.mark.parametrize(("page", "line"), list(_command_lines()))
def test_command_lines_parse(page: str, line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    line = re.split(r" [|>&] ?", line)[0]
    assert parses(monkeypatch, shlex.split(line)[1:]), f"{page}: {line}"


def test_the_index_lists_every_decision_by_its_title() -> None:
    index = (DECISIONS / "README.md").read_text()
    for decision in DECISIONS.glob("[0-9]*.md"):
        number, title = re.match(r"# (\d+)\. (.+)", decision.read_text()).groups()  # type: ignore[union-attr]
        assert decision.name.startswith(f"{int(number):04}-")
        assert f"| [{number}]({decision.name}) | {title} |" in index


def test_links_between_pages_lead_somewhere() -> None:
    for page in (ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")):
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_the_version_is_in_the_changelog_or_not_released() -> None:
    version = re.search(r'^version = "(.+)"', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert version is not None
    changelog = (ROOT / "CHANGELOG.md").read_text()
    assert f"## [{version[1]}]" in changelog or "## [Unreleased]" in changelog
