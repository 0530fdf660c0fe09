"""Every metric of the flow, declared once; the functions that feed them are called once a batch.

docs/metrics.md lists them, and a test keeps the list in step.
"""

from collections import Counter as Tally
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from time import perf_counter
from typing import Any

import msgspec
from prometheus_client import Counter, Gauge, Histogram, Summary, disable_created_metrics, start_http_server

from contracts.decisions import PolicyAction, RiskUpdate
from dataflows.collectors import BatchHistogram, Watched
from dataflows.connectors.base import OutputRecord
from dataflows.errors import UserError
from dataflows.reading import SourceBatch
from dataflows.state import CachedStates
from operators.policy import Decided
from operators.policy.life import WITHOUT_EFFECT
from operators.users import UserOutput

disable_created_metrics()  # type: ignore[no-untyped-call]

# What comes in.
_EVENTS = Counter("sealwax_events", "Events taken in, duplicates left out, by event_type.", ["event_type"])
_DUPLICATES = Counter("sealwax_duplicates", "Events dropped because the user had one with the same event_id.")
_WRONG_KEY = Counter("sealwax_wrong_key", "Events whose record had no key, or another than the event's user_id.")
_LABELS = Counter("sealwax_labels", "Labels read.")
_DECISIONS = Counter("sealwax_decisions", "Manual decisions read.")
_UNMATCHED_LABELS = Counter("sealwax_unmatched_labels", "Labels whose event the user's window no longer holds.")
_CHANGES = Counter("sealwax_policy_changes", "Changes of the policy accepted, by kind.", ["kind"])
_REFUSED = Counter("sealwax_policy_refusals", "Changes of the policy refused, by reason.", ["reason"])
_POLICY = Gauge("sealwax_policy", "1 for the policy in force where the process reads, by version.", ["version"])
_DEAD_LETTERS = Counter(
    "sealwax_dead_letters", "Records that became nothing, or that changed nothing, by reason.", ["reason"]
)
_LAG = Watched(
    "gauge", "sealwax_lag", "Records between the reader and the partition's end, by partition.", ["partition"]
)
_TRANSPORT_ERRORS = Watched(
    "counter", "sealwax_transport_errors", "Errors of the transport that were survived, by end (source, sink).", ["end"]
)

# What is done with it.
_STAGE_SECONDS = Summary(
    "sealwax_stage_seconds", "Seconds that a stage's calls took, each call a batch, by stage.", ["stage"]
)
_BATCH_SIZE = Histogram(
    "sealwax_batch_size", "Events in a batch given to the scorer.", buckets=[1, 2, 4, 8, 16, 32, 64, 128, 256, 512]
)
_SCORES = BatchHistogram("sealwax_scores", "Scores of the events, in tenths.", [tenth / 10 for tenth in range(1, 10)])
_UNEXPLAINED = Counter(
    "sealwax_unexplained_scores", "Scores left without the reasons they should have: too slow, or failed."
)
_UPDATES = Counter("sealwax_risk_updates", "Risk updates decided, by level.", ["level"])
_LATE = Counter("sealwax_late_events", "Events whose risk update says late.")
_DEGRADED = Counter("sealwax_degraded_events", "Events judged by the policy's fallback, without a score.")
_RISK_CHANGES = Counter("sealwax_user_risk_changes", "Changes of users' risks written.")
_ACTIONS = Counter("sealwax_policy_actions", "Policy actions decided, by action and status.", ["action", "status"])

# What is kept.
_CHANGED = Counter("sealwax_state_changed", "Entries that snapshots wrote, by step.", ["step"])
_SNAPSHOT_SECONDS = Summary(
    "sealwax_snapshot_seconds",
    "Seconds that a key group's snapshot took, when its worker stands still, by step.",
    ["step"],
)
_CACHED = Watched("gauge", "sealwax_state_cached", "Entries in memory, by step.", ["step"])
_MISSES = Watched("counter", "sealwax_state_misses", "Entries that had to be looked up on disk, by step.", ["step"])

# What goes out.
_SUPPRESSED = Watched(
    "counter",
    "sealwax_suppressed",
    "Records found in the output after a restart and not written again, by partition.",
    ["partition"],
)
_suppressed: dict[str, int] = {}
_UNACKNOWLEDGED = Watched("gauge", "sealwax_unacknowledged", "Records sent that are not yet known to be durable.")
_OLDEST_UNACKNOWLEDGED = Watched(
    "gauge", "sealwax_oldest_unacknowledged_seconds", "How long the oldest of these has waited; 0 where there is none."
)

# What a table of holds makes of it (`sealwax holds run`).
_HOLD_TRANSITIONS = Counter(
    "sealwax_hold_transitions", "Transitions applied to the table of holds, by status.", ["status"]
)
_HOLD_REPEATS = Counter("sealwax_hold_repeats", "Policy actions read again that the table of holds had seen before.")
_HOLD_REFUSALS = Counter(
    "sealwax_hold_refusals", "Policy actions that could not be applied to the table of holds, by reason.", ["reason"]
)
_HOLDS_PENDING = Gauge("sealwax_holds_pending", "Holds that are open.")


def serve(port: int, process_index: int) -> None:
    """Answer scrapes at `port` + `process_index` from a thread of its own; `port` 0: never.

    Raises UserError where the port is taken.
    """
    if not port:
        return
    try:
        start_http_server(port + process_index)
    except OSError as error:
        raise UserError(
            f"metrics.port: can't listen on {port + process_index}: {error.strerror}. Set another port, or 0 for none"
        ) from None


class _Timer:
    """Observes the seconds inside of it; used for every key group of every batch, where contextlib would cost more."""

    __slots__ = ("_seconds", "_started")

    def __init__(self, seconds: Summary) -> None:
        self._seconds = seconds

    def __enter__(self) -> None:
        self._started = perf_counter()

    def __exit__(self, *_: object) -> None:
        self._seconds.observe(perf_counter() - self._started)


_stage_seconds, _snapshot_seconds = cache(_STAGE_SECONDS.labels), cache(_SNAPSHOT_SECONDS.labels)
_changed = cache(_CHANGED.labels)


def timed(stage: str) -> _Timer:
    """Count the seconds inside as one call of `stage`."""
    return _Timer(_stage_seconds(stage))


def snapshot(step: str, changed: int) -> _Timer:
    """Count the seconds inside as a snapshot of one key group of `step`, which writes `changed` entries."""
    _changed(step).inc(changed)
    return _Timer(_snapshot_seconds(step))


class _Letter(msgspec.Struct):
    class Reason(msgspec.Struct):
        code: str

    reason: Reason


class _Change(msgspec.Struct):
    class Change(msgspec.Struct):
        kind: str

    policy: str | None
    change: Change | None


_letter = msgspec.json.Decoder(_Letter).decode
_change = msgspec.json.Decoder(_Change).decode


def count_source(batch: SourceBatch) -> None:
    """Count what one partition gave."""
    if batch.wrong_key:
        _WRONG_KEY.inc(batch.wrong_key)
    if batch.labels:
        _LABELS.inc(len(batch.labels))
    if batch.decisions:
        _DECISIONS.inc(len(batch.decisions))
    if batch.letters:
        _count_letters(_DEAD_LETTERS, batch.letters)
    for record in batch.changes:
        if (version := _change(record.value).policy) is not None:
            policy_in_force(version)


def count_changes(batch: SourceBatch) -> None:
    """Count what became of changes of the policy."""
    _count_letters(_REFUSED, batch.letters)
    for record in batch.changes:
        if (change := _change(record.value).change) is not None:
            _CHANGES.labels(change.kind).inc()


def policy_in_force(version: str) -> None:
    """Note by which policy this process' partitions are decided now."""
    _POLICY.clear()
    _POLICY.labels(version).set(1)


def _count_letters(counter: Counter, letters: Iterable[OutputRecord]) -> None:
    for reason, count in Tally(_letter(letter.value).reason.code for letter in letters).items():
        counter.labels(reason).inc(count)


def count_users(outputs: Sequence[UserOutput]) -> None:
    """Count what the users' step made."""
    types = Tally(enriched.arrival.event.event_type for output in outputs for enriched in output.enriched)
    for event_type, count in types.items():
        _EVENTS.labels(event_type).inc(count)
    if duplicates := sum([output.duplicates for output in outputs]):
        _DUPLICATES.inc(duplicates)
    if unmatched := sum([output.unmatched for output in outputs]):
        _UNMATCHED_LABELS.inc(unmatched)


def observe_batch(size: int) -> None:
    """Count one batch of the scorer."""
    _BATCH_SIZE.observe(size)


def count_unexplained(scores: int) -> None:
    """Count scores that should have had reasons."""
    _UNEXPLAINED.inc(scores)


def count_decided(packs: Sequence[Decided]) -> None:
    """Count what the policy decided."""
    _count_updates([update for decided in packs for update, _ in decided.updates])
    _count_actions(action for decided in packs for action, _ in decided.actions)
    if changes := sum([len(decided.changes) for decided in packs]):
        _RISK_CHANGES.inc(changes)
    if vain := sum([len(decided.vain) for decided in packs]):
        _DEAD_LETTERS.labels(WITHOUT_EFFECT).inc(vain)


def _count_updates(updates: Sequence[RiskUpdate]) -> None:
    _SCORES.observe([update.score for update in updates if not update.degraded])
    _LATE.inc(sum(update.late for update in updates))
    _DEGRADED.inc(sum(update.degraded for update in updates))
    for level, count in Tally(update.level for update in updates).items():
        _UPDATES.labels(level).inc(count)


def _count_actions(actions: Iterable[PolicyAction]) -> None:
    for (action, status), count in Tally((action.action, action.status) for action in actions).items():
        _ACTIONS.labels(action, status).inc(count)


def count_holds(applied: Mapping[str, int], repeats: int, refused: Mapping[str, int], pending: int) -> None:
    """Count what a table of holds made of a batch, and how many are open after it."""
    for status, count in applied.items():
        _HOLD_TRANSITIONS.labels(status).inc(count)
    _HOLD_REPEATS.inc(repeats)
    for reason, count in refused.items():
        _HOLD_REFUSALS.labels(reason).inc(count)
    _HOLDS_PENDING.set(pending)


def watch_lag(partition: str, lag: Callable[[], int | None]) -> None:
    """Ask for a partition's lag at every scrape."""
    _LAG.watch(lag, partition)


def watch_errors(end: str, errors: Callable[[], int]) -> None:
    """Ask the "source" or the "sink" for its count of survived errors at every scrape."""
    _TRANSPORT_ERRORS.watch(errors, end)


def watch_state(step: str, state: CachedStates[Any]) -> None:
    """Ask one key group of a step for its cache at every scrape."""
    _CACHED.watch(lambda: state.cached, step)
    _MISSES.watch(lambda: state.misses, step)


def count_suppressed(partition: str, total: int) -> None:
    """Note how many records of an output partition were not written again so far."""
    if partition not in _suppressed:
        _SUPPRESSED.watch(lambda: _suppressed[partition], partition)
    _suppressed[partition] = total


def watch_unacknowledged(
    count: Callable[[], int], waiting_since: Callable[[], float | None], clock: Callable[[], float]
) -> None:
    """Ask an output at every scrape: its records without an answer, and since when (by `clock`) the oldest waits."""
    _UNACKNOWLEDGED.watch(count)

    def oldest() -> float:
        since = waiting_since()
        return 0.0 if since is None else clock() - since

    _OLDEST_UNACKNOWLEDGED.watch(oldest)
