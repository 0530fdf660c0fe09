"""Short demos with the real broker and the real flow."""

import io
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from rich.console import Console

from dataflows.demo.html_report import report
from dataflows.demo.plan import DemoPlan
from dataflows.demo.screen import PlainScreen
from dataflows.demo.session import Demo
from dataflows.demo.summary import faults
from dataflows.errors import UserError

pytestmark = pytest.mark.kafka

SMALL = DemoPlan(seconds=4, rate=250, users=300, history=600, checkpoint="fake")


def screen() -> tuple[PlainScreen, io.StringIO]:
    out = io.StringIO()
    return PlainScreen(Console(file=out, width=200)), out


def processes_in(directory: Path) -> list[psutil.Process]:
    return [one for one in psutil.process_iter(["cmdline"]) if str(directory) in " ".join(one.info["cmdline"] or ())]


def test_every_event_has_its_update_and_every_broken_record_its_letter(tmp_path: Path) -> None:
    shown, out = screen()
    outcome = Demo(SMALL, tmp_path, shown).run()
    tally = outcome.tally
    assert not list(faults(outcome))
    assert tally.updates == tally.distinct > SMALL.history
    assert tally.letters.total() == tally.broken > 0
    assert tally.repeats > 0
    assert 0 < sum(map(sum, tally.scores.values())) < tally.updates  # of the live part
    assert outcome.first_hold is not None
    assert out.getvalue().count("  hold o-") == tally.held > 0
    html = report(outcome)
    for text in (f"{tally.updates:,}", "fake", "<h2>Latest holds</h2>", tally.holds[0].order_id):
        assert text in html
    assert not processes_in(tmp_path)


def test_a_flow_that_cannot_start_says_why(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"the flow ended with status 2:\s.*processes"):
        Demo(replace(SMALL, processes=65), tmp_path, screen()[0]).run()
    assert not processes_in(tmp_path)


def test_ctrl_c_ends_in_order_and_still_tells_what_happened(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "dataflows.cli", "demo", "--checkpoint", "fake", "--users", "300", "--rate", "200"]
    command += ["--history", "300", "--report", str(tmp_path / "reports" / "demo.html")]
    environment = os.environ | {"TMPDIR": str(tmp_path)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, text=True) as demo:
        assert demo.stdout is not None
        said = next(line for line in demo.stdout if line.startswith("live"))
        demo.send_signal(signal.SIGINT)
        said += demo.stdout.read()
    assert demo.returncode == 0, said
    assert "What happened" in said
    assert "wrong:" not in said
    assert "<h2>Detection</h2>" in (tmp_path / "reports" / "demo.html").read_text()
    assert not processes_in(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["reports"]
