"""What people see: lines, the board, the summary and the report of a small tally."""

import io

from rich.console import Console

from dataflows.demo.board import board
from dataflows.demo.html_report import report
from dataflows.demo.moment import Moment, millis, minute, share, span
from dataflows.demo.plan import DemoPlan
from dataflows.demo.screen import PlainScreen
from dataflows.demo.session import Outcome
from dataflows.demo.summary import facts_of, faults, print_summary
from dataflows.demo.tally import Tally
from tests.demo.moments import T0, small_tally, update

MOMENT = Moment("live", 6.0, 30.0, T0)


def printed(width: int = 120, height: int = 40) -> tuple[Console, io.StringIO]:
    out = io.StringIO()
    return Console(file=out, width=width, height=height), out


def outcome(tally: Tally) -> Outcome:
    return Outcome(DemoPlan(seconds=3), tally, live_from=3.5, live_until=6.5, first_hold=5.1)


def test_numbers_read_well() -> None:
    assert [span(seconds) for seconds in (None, 0, 59, 90, 7_200, 200_000)] == [
        "-", "0 s", "59 s", "1.5 min", "2.0 h", "2.3 d",
    ]  # fmt: skip
    assert (millis(None), millis(1_234.5)) == ("-", "1,234 ms")
    assert (share(1, 3), share(0, 0)) == ("33%", "-")
    assert minute(T0) == "2026-01-01 00:00"


def test_plain_lines_tell_each_phase_once_and_each_hold() -> None:
    console, out = printed(width=40)
    screen, tally = PlainScreen(console), small_tally()
    screen.show(Tally(), Moment("starting", 0.0))
    screen.show(tally, MOMENT, list(tally.holds))
    screen.show(tally, MOMENT._replace(now=7.0))
    starting, live, hold, progress = out.getvalue().splitlines()
    assert (starting, live) == ("starting ...", "live ...")
    assert hold == "  hold o-2 of u-1, 123.45 EUR, score 1.00: It looks <odd>."
    assert progress.startswith(
        "    6 s  4 events in (1/s), 3 updates out (1/s), latency p50 40 ms p99 60 ms, 1 orders held"
    )


def test_the_board_shows_the_hold_with_its_truth_and_reason() -> None:
    console, out = printed()
    console.print(board(small_tally(), MOMENT, console.width))
    for text in ("30 s to go", "2026-01-01 00:00", "o-2", "123.45 EUR", "card testing", "It looks <odd>.", "1 right"):
        assert text in out.getvalue()


def test_a_narrow_board_still_shows_the_hold() -> None:
    console, out = printed(width=80, height=24)
    console.print(board(small_tally(), MOMENT, console.width))
    assert "o-2" in out.getvalue()
    assert max(map(len, out.getvalue().splitlines())) <= 80


def test_the_summary_says_what_is_wrong() -> None:
    tally = small_tally()
    ended = outcome(tally)
    assert list(faults(ended)) == ["1 events have no risk update"]
    tally.updated(update(3), 6.5)
    assert not list(faults(ended))
    tally.updated(update(3), 6.6)
    tally.broken = 2
    assert len(list(faults(ended))) == 2


def test_what_is_on_its_way_when_a_signal_comes_is_not_wrong() -> None:
    ended = outcome(small_tally())
    ended.interrupted = True
    ended.tally.broken = 2
    assert not list(faults(ended))
    assert ("", "1 still on their way at the end") in facts_of(ended)
    ended.tally.broken = 0
    assert list(faults(ended)) == ["0 broken records became 1 dead letters"]


def test_the_summary_has_all_numbers() -> None:
    console, out = printed()
    print_summary(console, outcome(small_tally()))
    for text in ("4, and 0 of them sent twice", "1 of 1 broken records", "p50 40 ms, p99 60 ms", "after 5.1 s"):
        assert text in out.getvalue()
    assert "wrong: 1 events have no risk update" in out.getvalue()


def test_a_demo_that_did_nothing_has_a_summary_and_a_report() -> None:
    nothing = Outcome(DemoPlan(), interrupted=True)
    assert dict(facts_of(nothing))["latency"] == "p50 -, p99 - from transaction to update"
    assert "Nothing was decided." in report(nothing)


def test_the_report_has_its_sections() -> None:
    html = report(outcome(small_tally()))
    for title in ("Throughput", "Latency", "Scores", "Actions", "Detection", "Latest holds", "Dead letters", "Numbers"):
        assert f"<h2>{title}</h2>" in html
    for text in ("It looks &lt;odd&gt;.", "card testing", "model@1", "policy@1", "{&quot;half&quot;: ", "123.45 EUR"):
        assert text in html
