import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.processes import HANGS_AFTER, ROOT, finish, wait_until
from tests.running.conftest import Run
from tests.running.flows import expected


@pytest.mark.parametrize("processes", [1, 2])
def test_a_flow_that_ends_is_left_alone(run: Run, processes: int) -> None:
    status, said = finish(run.start("counting", processes))
    assert (status, said) == (0, "")
    assert run.lines() == dict.fromkeys(expected(10), 1)


@pytest.mark.parametrize("victim", [0, 1])
def test_a_killed_process_takes_all_down_and_all_come_back(run: Run, victim: int) -> None:
    supervisor = run.start("counting", 2, items=60, pause_ms=10)
    wait_until(lambda: len(run.lines()) > 40)
    os.kill(run.pid(victim), signal.SIGKILL)
    status, said = finish(supervisor)
    assert status == 0
    assert f"process {victim} was killed by SIGKILL; starting all again" in said
    assert set(run.lines()) == expected(60)


@pytest.mark.parametrize(("processes", "number"), [(1, signal.SIGINT), (2, signal.SIGTERM)])
def test_a_drained_flow_goes_on_where_it_was(run: Run, processes: int, number: signal.Signals) -> None:
    supervisor = run.start("counting", processes, items=60, pause_ms=10)
    wait_until(lambda: len(run.lines()) > 40)
    supervisor.send_signal(number)
    assert finish(supervisor) == (0, "")
    assert set(run.lines()) < expected(60)
    assert finish(run.start("counting", processes, items=60)) == (0, "")
    assert run.lines() == dict.fromkeys(expected(60), 1)


def test_a_process_that_has_not_begun_has_nothing_to_drain(run: Run) -> None:
    job = run.job("loading", items=10, pause_ms=1).model_dump_json()
    command = [sys.executable, "-m", "dataflows.worker"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, text=True) as worker:
        assert worker.stdin
        worker.stdin.write(job + "\n")
        worker.stdin.flush()
        wait_until(lambda: bool(list(run.out.glob("started-*"))))
        worker.terminate()
        assert worker.wait(HANGS_AFTER) == -signal.SIGTERM


def test_the_number_of_processes_may_change_at_every_start(run: Run) -> None:
    for processes, items in ((1, 10), (2, 20), (1, 30)):
        assert finish(run.start("counting", processes, items=items)) == (0, "")
        assert run.lines() == dict.fromkeys(expected(items), 1)


def test_it_gives_up_where_no_start_makes_progress(run: Run) -> None:
    status, said = finish(run.start("crashing", 2))
    assert status == 1
    assert said.count("ZeroDivisionError: a fault of the program") == 3
    assert "failed with status 1; giving up: 3 starts in a row made no progress" in said
    assert len(list(run.out.glob("started-*"))) == 3


@pytest.mark.parametrize(
    ("build", "error"),
    [
        ("undelivered", "a record for updates-0 was not delivered: out of sequence"),
        ("unanswered", "Kafka: asked how many partitions 'transactions' has: timed out"),
    ],
)
def test_what_a_new_start_may_mend_is_tried_again_and_no_crash(run: Run, build: str, error: str) -> None:
    status, said = finish(run.start(build, 1))
    assert status == 1
    assert said.count(f"error: {error}\n") == 3
    assert "Traceback" not in said
    assert len(list(run.out.glob("started-*"))) == 3


def test_a_users_mistake_is_told_once_and_not_retried(run: Run) -> None:
    status, said = finish(run.start("refusing", 1))
    assert (status, said) == (2, "error: policy.toml: rules[3].score: must be at most 1, such as 0.9\n")
    assert len(list(run.out.glob("started-*"))) == 1


@pytest.mark.parametrize("processes", [1, 2])
def test_a_mistake_found_in_the_running_flow_is_told_too(run: Run, processes: int) -> None:
    status, said = finish(run.start("refusing_later", processes))
    assert status == 2
    assert "error: topic transactions: partition 2 has lost offset 17: restore it\n" in said
    assert "Traceback" not in said
    assert len(list(run.out.glob("started-*"))) == 1


@pytest.mark.parametrize("processes", [1, 2])
def test_a_flow_may_ask_for_a_new_start(run: Run, processes: int) -> None:
    status, said = finish(run.start("growing", processes))
    assert status == 0
    assert "a new start is needed: topic transactions has grown to 6 partitions" in said
    assert "needs a new start; starting all again" in said
    assert run.lines() == dict.fromkeys(expected(10), 1)


def test_a_second_supervisor_is_refused(run: Run) -> None:
    first = run.start("counting", 1, items=1_000, pause_ms=10)
    wait_until(lambda: bool(run.lines()))
    status, said = finish(run.start("counting", 1))
    assert status == 2
    assert f"{run.directory / 'state'}: the state directory is in use by process {first.pid}: " in said


def test_no_process_outlives_its_supervisor(run: Run) -> None:
    supervisor = run.start("counting", 2, items=1_000, pause_ms=10)
    wait_until(lambda: bool(run.lines()))
    workers = [psutil.Process(run.pid(process)) for process in (0, 1)]
    supervisor.kill()
    _, alive = psutil.wait_procs(workers, timeout=60)
    assert not alive
    assert finish(run.start("counting", 2, items=20)) == (0, "")


def test_a_process_that_ignores_the_drain_is_killed(run: Run) -> None:
    supervisor = run.start("counting", 1, items=1_000, pause_ms=10)
    wait_until(lambda: bool(run.lines()))
    worker = psutil.Process(run.pid(0))
    worker.suspend()
    supervisor.send_signal(signal.SIGTERM)
    assert finish(supervisor)[0] == 0
    assert not worker.is_running()


def test_what_is_written_in_the_state_directory_stays_there(run: Run) -> None:
    finish(run.start("counting", 1))
    assert {path.name for path in Path(run.directory / "state").iterdir()} == {"lock", "recovery"}
