"""docker-compose.yml says what Sealwax understands: commands that parse, settings that exist, the ports of the flow."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from dataflows.settings import load_settings
from tests.cli.parsing import parses

ROOT = Path(__file__).parents[2]
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
OURS = {name: service for name, service in SERVICES.items() if service["image"] == "sealwax"}


@pytest.mark.parametrize("name", OURS)
def test_commands_parse(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert parses(monkeypatch, OURS[name]["command"])


def test_a_wrong_command_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not parses(monkeypatch, ["topics", "make"])
    assert not parses(monkeypatch, ["topics", "create", "--no-such-option"])
    assert not parses(monkeypatch, ["no-such-command"])


@pytest.mark.parametrize("name", OURS)
def test_settings_exist_and_name_the_broker_inside(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for variable, value in OURS[name]["environment"].items():
        monkeypatch.setenv(variable, str(value))
    inside = re.search(r"INSIDE://([^,]+)", SERVICES["kafka"]["environment"]["KAFKA_ADVERTISED_LISTENERS"])
    assert inside is not None
    assert load_settings().kafka.bootstrap == inside[1]


def test_images_are_pinned() -> None:
    for service in SERVICES.values():
        assert service in OURS.values() or re.search(r":\d+\.\d+\.\d+$", service["image"])


def test_a_service_starts_after_what_it_needs() -> None:
    assert SERVICES["topics"]["depends_on"]["kafka"]["condition"] == "service_healthy"
    assert "test" in SERVICES["kafka"]["healthcheck"]
    assert SERVICES["flow"]["depends_on"]["topics"]["condition"] == "service_completed_successfully"


def test_the_image_runs_as_somebody_and_gets_signals() -> None:
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    assert "USER sealwax" in lines
    assert 'ENTRYPOINT ["tini", "--", "sealwax"]' in lines


def test_each_process_of_the_flow_has_its_port_published(monkeypatch: pytest.MonkeyPatch) -> None:
    first = load_settings().metrics.port
    command = OURS["flow"]["command"]
    last = first + int(command[command.index("--processes") + 1]) - 1
    assert f"{first}-{last}:{first}-{last}" in OURS["flow"]["ports"]
