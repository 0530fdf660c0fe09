"""Changes of the flow's policy, and what has to be in force at each input position because of them."""

from itertools import islice
from typing import Final, NamedTuple

from msgspec import structs

from contracts.control import ControlChange
from contracts.messages import INITIAL
from dataflows.connectors.kafka_output import partition_of
from operators.policy import Policy, parse_policy
from tests.flow.harness import PARTITIONS, POLICY, Outputs
from tests.flow.stream import START, Stream

WITH_MORE: Final = """
[lists]
watched = ["u1"]

[thresholds.stop]
start = 0.97

[[rules]]
id = "watched"
when = "event.user_id in lists.watched"
reason = "The user is watched."

[[rules]]
id = "stop"
when = "score >= threshold.stop && !late"
action = "block"
reason = "The score is too high."
"""
SECOND: Final = (
    POLICY.read_text()
    .replace('version = "1"', 'version = "2"')
    .replace('half_life = "10m"', 'half_life = "4m"')
    .replace("elevated = 0.5\nhigh = 0.9", "raised = 0.4\nhigh = 0.8")
    .replace("score >= 0.75 && !late", "score >= 0.6 && !late")
    + WITH_MORE
)
MINUTE: Final = 60_000


def parsed(text: str) -> Policy:
    def no_file(name: str) -> str:
        raise AssertionError(name)

    return parse_policy(text, "policy", no_file)


def policy_change(text: str, at: int, identity: str) -> ControlChange:
    return ControlChange(identity, "policy", parsed(text).version, START + at, "ann", "A try.", text=text)


def initial(at: int, identity: str) -> ControlChange:
    return ControlChange(identity, "policy", INITIAL, START + at, "ann", "Back.")


def entry(user: str, at: int, identity: str, member: bool = True) -> ControlChange:
    return ControlChange(identity, "list", "watched", START + at, "ann", "Seen.", entry=user, member=member)


def threshold(value: float | None, at: int, identity: str) -> ControlChange:
    return ControlChange(identity, "threshold", "stop", START + at, "load", "Too much.", value=value)


CHANGES: Final = (
    entry("u2", 2 * MINUTE, "e1"),
    policy_change(SECOND, 8 * MINUTE, "p1"),
    entry("u1", 12 * MINUTE, "e2", member=False),
    threshold(0.5, 15 * MINUTE, "t1"),
    entry("u3", 15 * MINUTE, "e3"),
    threshold(None, 20 * MINUTE, "t2"),
    initial(25 * MINUTE, "p2"),
    policy_change(SECOND, 35 * MINUTE, "p3"),
)


_FIRST, _SECOND = parsed(POLICY.read_text()).version, parsed(SECOND).version
VERSIONS: Final = {_FIRST, _SECOND, f"{_SECOND}+stop=0.5"}
"""That CHANGES bring about."""

_IN_FORCE: Final = (
    (-1, _FIRST),
    (8 * MINUTE, _SECOND),
    (15 * MINUTE, f"{_SECOND}+stop=0.5"),
    (20 * MINUTE, _SECOND),
    (25 * MINUTE, _FIRST),
    (35 * MINUTE, _SECOND),
)
"""What CHANGES bring about: the policy from a time after the stream's start on."""

_WATCHED: Final = {"u1": (0, 12 * MINUTE), "u2": (2 * MINUTE, 10**9), "u3": (15 * MINUTE, 10**9)}


_LAST: Final = CHANGES[-1].effective_at - START


def changes_within(duration: int) -> tuple[ControlChange, ...]:
    """CHANGES, but faster, so that the last lies so long (ms) after the stream's start."""
    return tuple(
        structs.replace(one, effective_at=START - (START - one.effective_at) * duration // _LAST) for one in CHANGES
    )


class Expected(NamedTuple):
    """Of an event that isn't a repeated one."""

    policy: str
    watched: bool
    """Whether the rule of this name holds."""


def expected(stream: Stream, partitions: int = PARTITIONS, duration: int = _LAST) -> dict[str, Expected]:
    """By event id: what decides about each event, which is what is in force where its partition has come with it.

    `duration` is that of `changes_within`.
    """
    reached = [0] * partitions
    found: dict[str, Expected] = {}
    for event in stream.events:
        number = partition_of(event.user_id.encode(), partitions)
        reached[number] = max(reached[number], event.event_time - START)
        time = reached[number] * _LAST // duration
        policy = [version for since, version in _IN_FORCE if since <= time][-1]
        since, until = _WATCHED.get(event.user_id, (0, 0))
        watched = policy.startswith(_SECOND) and since <= time < until
        found.setdefault(event.event_id, Expected(policy, watched))
    return found


def seen(outputs: Outputs) -> dict[str, Expected]:
    """The same, as it was."""
    return {
        update.value["event_id"]: Expected(
            update.value["versions"]["policy"], "watched" in [reason["code"] for reason in update.value["reasons"]]
        )
        for update in outputs.updates
    }


def first_positions(stream: Stream) -> set[tuple[str, int, int]]:
    """(change, partition, offset) of the first event in each partition that has come to each change's time."""
    found = set()
    for number in range(PARTITIONS):
        events = [event for event in stream.events if partition_of(event.user_id.encode(), PARTITIONS) == number]
        for change in stream.changes:
            offsets = (offset for offset, event in enumerate(events) if event.event_time >= change.effective_at)
            found |= {(change.change_id, number, offset) for offset in islice(offsets, 1)}
    return found


def told_positions(outputs: Outputs) -> set[tuple[str, int, int]]:
    """The same, as it was told."""
    told = [record.value for record in outputs.changes if record.value["status"] == "effective"]
    return {(one, value["input"]["partition"], value["input"]["offset"]) for value in told for one in value["changes"]}
