"""What a demo did, as tables at its end."""

from collections.abc import Iterator

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from dataflows.demo.detection import FLAGS, Detected
from dataflows.demo.moment import millis, share, span, words
from dataflows.demo.session import Outcome


def print_summary(console: Console, outcome: Outcome) -> None:
    """The numbers, the detection, and what doesn't fit together."""
    tally = outcome.tally
    numbers = Table(title="What happened", title_justify="left", box=SIMPLE_HEAD, show_header=False)
    for name, value in facts_of(outcome):
        numbers.add_row(name, value)
    console.print(numbers)
    console.print(_detection(tally.detection.by_scenario()))
    for fault in faults(outcome):
        console.print(f"wrong: {fault}", style="bold red")


def facts_of(outcome: Outcome) -> Iterator[tuple[str, str]]:
    """Each number's name and its text."""
    tally, timeline = outcome.tally, outcome.tally.timeline
    yield "events", f"{tally.distinct:,}, and {tally.repeats:,} of them sent twice"
    for kind, count in tally.events.most_common():
        yield f"  {words(kind)}", f"{count:,}"
    yield "labels", f"{tally.labels:,}"
    if unanswered := tally.distinct - tally.updates:
        yield "", f"{unanswered:,} still on their way at the end"
    yield "risk updates", f"{tally.updates:,}, {tally.late:,} late, {tally.degraded:,} without a score"
    yield "dead letters", f"{tally.letters.total():,} of {tally.broken:,} broken records"
    if (rate := live_rate(outcome)) is not None:
        yield "throughput", f"{rate:,.0f} updates a second while live"
    if (rate := catch_up_rate(outcome)) is not None:
        yield "", f"{rate:,.0f} updates a second while catching up"
    latencies = (f"{name} {millis(timeline.latency(part))}" for name, part in (("p50", 0.5), ("p99", 0.99)))
    yield "latency", f"{', '.join(latencies)} from transaction to update"
    if outcome.first_hold is not None:
        yield "first hold", f"on screen after {outcome.first_hold:.1f} s"
    yield "orders held", f"{tally.held:,}"
    for action in reversed(FLAGS):
        right, wrong = tally.actions[action, True], tally.actions[action, False]
        yield f"  {words(action)}", f"{right + wrong:,} while live, {share(right, right + wrong)} on abuse"


def live_rate(outcome: Outcome) -> float | None:
    """Updates a second of the live part; None where there was none."""
    if outcome.live_from is None or outcome.live_until is None:
        return None
    seconds = outcome.tally.timeline.seconds()[int(outcome.live_from) + 1 : int(outcome.live_until)]
    return sum(second.updates for second in seconds) / len(seconds) if seconds else None


def catch_up_rate(outcome: Outcome) -> float | None:
    """Updates a second in the full seconds of the catch-up; None where it was too short to tell."""
    until = len(outcome.tally.timeline.seconds()) if outcome.live_from is None else int(outcome.live_from)
    updates = [second.updates for second in outcome.tally.timeline.seconds()[:until]]
    busy = [count for count in updates if count][1:-1]
    return sum(busy) / len(busy) if busy else None


def faults(outcome: Outcome) -> Iterator[str]:
    """What must not be. Where a signal ended the demo, some may be missing."""
    tally = outcome.tally
    missing, letters = tally.distinct - tally.updates, tally.letters.total()
    if missing and not outcome.interrupted:
        yield f"{missing:,} events have no risk update"
    if tally.surplus:
        yield f"{tally.surplus:,} risk updates came twice, or of no event"
    if letters > tally.broken or (letters < tally.broken and not outcome.interrupted):
        yield f"{tally.broken:,} broken records became {letters:,} dead letters"


def _detection(found: list[Detected]) -> Table:
    table = Table(
        title="Abuse found while live, by the simulator's truth",
        title_justify="left",
        box=None,
        pad_edge=False,
        padding=(0, 2, 0, 0),
    )
    table.add_column("kind", no_wrap=True)
    for heading in DETECTION_HEADINGS[1:]:
        table.add_column(heading, justify="right", no_wrap=True)
    for row in detection_rows(found):
        table.add_row(*row)
    return table


DETECTION_HEADINGS = ("kind", "users", "flagged", "stopped", "events", "flagged", "after")


def detection_rows(found: list[Detected]) -> list[tuple[str, ...]]:
    """A row for each kind of abuse, and their sum."""
    total = Detected(
        "all",
        sum(one.cases for one in found),
        sum(one.flagged for one in found),
        sum(one.stopped for one in found),
        sum(one.events for one in found),
        sum(one.events_flagged for one in found),
        None,
    )
    return [
        (
            words(one.scenario),
            f"{one.cases:,}",
            f"{one.flagged:,} ({share(one.flagged, one.cases)})",
            f"{one.stopped:,} ({share(one.stopped, one.cases)})",
            f"{one.events:,}",
            f"{one.events_flagged:,} ({share(one.events_flagged, one.events)})",
            span(one.seconds),
        )
        for one in (*found, total)
    ]
