"""The demo's report: what its screen showed, as one page to keep."""

from datetime import UTC, datetime
from importlib import metadata
from itertools import islice

from dataflows.demo.detection import FLAGS, STOPS, Detected
from dataflows.demo.moment import DASH, millis, minute, share, span, words
from dataflows.demo.session import Outcome
from dataflows.demo.summary import DETECTION_HEADINGS, detection_rows, facts_of, live_rate
from dataflows.demo.tally import BINS, Tally
from dataflows.report.machine import machine
from dataflows.report.markup import Markup, element, joined
from dataflows.report.page import Section, Tile, facts, note, page, table
from dataflows.report.plots import Bar, Series, bar_plot, column_plot, legend, line_plot

_HOLDS = 20
_LETTERS = 12


def report(outcome: Outcome) -> str:
    """The HTML file."""
    plan, tally = outcome.plan, outcome.tally
    lead = (
        f"A simulated shop of {plan.users:,} users streamed through the flow. Its first {plan.history:,} records came "
        f"as fast as they were read, to give the users a past; then {plan.rate:,.0f} came a second, and the shop's "
        f"time ran {plan.speed_up:,.0f} times as fast as the clock."
    )
    sections = [
        *_over_time(outcome),
        _score_histogram(tally),
        _actions(outcome),
        _detection(tally.detection.by_scenario()),
        _holds(tally),
        _dead_letters(tally),
        Section("Numbers", "", facts([(name or "·", value) for name, value in facts_of(outcome)])),
        _versions(tally),
    ]
    return page("Sealwax demo", lead, _tiles(outcome), sections)


def _tiles(outcome: Outcome) -> list[Tile]:
    tally = outcome.tally
    rate = live_rate(outcome)
    right, wrong = (sum(tally.actions[action, truth] for action in STOPS) for truth in (True, False))
    cases, stopped = tally.detection.cases, tally.detection.stopped
    return [
        Tile("Risk updates", f"{tally.updates:,}", f"of {tally.distinct:,} events"),
        Tile("Throughput", DASH if rate is None else f"{rate:,.0f}/s", "updates, while live"),
        Tile("Latency p50", millis(tally.timeline.latency(0.5)), "transaction to update"),
        Tile("Latency p99", millis(tally.timeline.latency(0.99)), "transaction to update"),
        Tile("Orders held", f"{tally.held:,}", "history included"),
        Tile("What was stopped", share(right, right + wrong), "on abuse, by the truth"),
        Tile("Abusers stopped", share(stopped, cases), f"{stopped:,} of {cases:,} users"),
        Tile("Dead letters", f"{tally.letters.total():,}", f"of {tally.broken:,} broken records"),
    ]


def _over_time(outcome: Outcome) -> list[Section]:
    seconds = outcome.tally.timeline.seconds()
    x = [float(number) for number in range(len(seconds))]
    live = None if outcome.live_from is None else (outcome.live_from, "live")
    rates = [
        Series("events sent", [second.sent for second in seconds], 1),
        Series("risk updates", [second.updates for second in seconds], 3),
    ]
    latencies = [
        Series("p50", [second.p50 for second in seconds], 1),
        Series("p99", [second.p99 for second in seconds], 4),
    ]
    return [
        Section(
            "Throughput", "Events sent and risk updates, each second.",
            joined(line_plot(x, rates, "seconds", "a second", live), legend(rates)),
        ),
        Section(
            "Latency", "From the transaction's sending to its update's time in Kafka, in the live part.",
            joined(line_plot(x, latencies, "seconds", "ms", live), legend(latencies)),
        ),
    ]  # fmt: skip


def _score_histogram(tally: Tally) -> Section:
    series = [Series("honest events", tally.scores[False], 3), Series("abusive events", tally.scores[True], 2)]
    labels = [f"{number / BINS:g}" for number in range(BINS)]
    plot = column_plot(labels, series, "score", "events (logarithmic)", log=True)
    said = "By the simulator's truth, in the live part. The flow does not know the truth."
    return Section("Scores", said, joined(plot, legend(series)))


def _actions(outcome: Outcome) -> Section:
    seconds = outcome.tally.timeline.seconds()
    colours = dict(zip(FLAGS, (6, 1, 4, 8, 3, 7, 2, 5), strict=True))
    series = [Series(words(name), [second.actions[name] for second in seconds], colours[name]) for name in FLAGS]
    labels = [str(number) for number in range(len(seconds))]
    plot = column_plot(labels, series, "seconds", "actions a second", stacked=True)
    return Section("Actions", "Opened each second, by kind.", joined(plot, legend(series)))


def _detection(found: list[Detected]) -> Section:
    bars = [
        Bar(
            words(one.scenario), one.flagged / one.cases, one.stopped / one.cases,
            f"{one.flagged} of {one.cases}" + (f", after {span(one.seconds)}" if one.flagged else ""),
        )
        for one in found if one.cases
    ]  # fmt: skip
    key = [Series("flagged by any action", [], 1), Series("stopped", [], 2)]
    rows = table(DETECTION_HEADINGS, detection_rows(found), numeric=range(1, len(DETECTION_HEADINGS)))
    said = (
        "Users who abused the shop while it was live, and those of them on whose abuse the flow acted; the time is "
        "the shop's, in the median, from a user's first abusive event to the first flagged one."
    )
    return Section("Detection", said, joined(bar_plot(bars), legend(key), rows), wide=True)


def _holds(tally: Tally) -> Section:
    headings = ("shop's time", "order", "user", "amount", "score", "truth", "reasons")
    rows = [
        (
            minute(hold.told.time), hold.order_id, hold.told.user_id, hold.told.amount,
            "" if hold.told.score is None else f"{hold.told.score:.3f}",
            words(hold.told.scenario) or "honest", " ".join(hold.reasons),
        )
        for hold in islice(tally.holds, _HOLDS)
    ]  # fmt: skip
    return Section("Latest holds", _count(len(rows), tally.held), table(headings, rows, numeric=(3, 4)), wide=True)


def _dead_letters(tally: Tally) -> Section:
    latest = list(tally.latest_letters)[:_LETTERS]
    content = table(
        ("reason", "record begins"), [(letter.reason, element("code", letter.excerpt)) for letter in latest]
    )
    kinds = ", ".join(f"{count:,} {words(reason)}" for reason, count in tally.letters.most_common())
    said = " ".join([f"By kind: {kinds}."] * bool(kinds) + [_count(len(latest), tally.letters.total())])
    return Section("Dead letters", said, content, wide=True)


def _count(shown: int, all_of_them: int) -> str:
    if not all_of_them:
        return "None."
    return f"The latest {shown:,} of {all_of_them:,}." if shown < all_of_them else f"All {all_of_them:,}."


def _versions(tally: Tally) -> Section:
    versions = tally.versions
    decided: list[tuple[str, str]] = []
    if versions:
        decided = [("model", versions.model), ("policy", versions.policy), ("features", versions.features)]
    made = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    rows = facts([("made", made), ("sealwax", metadata.version("sealwax")), *decided, *machine()])
    missing: Markup = Markup() if versions else note("Nothing was decided.")
    return Section("Versions and machine", "", joined(rows, missing))
