"""Which process is killed when: a seeded choice that the campaign and the processes themselves make alike."""

import random
from typing import Final, Literal, NamedTuple

OUTSIDE: Final = "outside"
COMMIT: Final = "commit: between"

POINTS: Final = {
    "append: before": 200,
    "append: torn": 200,
    "append: after": 200,
    "sink snapshot: before": 12,
    "sink snapshot: during": 12,
    "sink snapshot: after": 12,
    "rollback: after": 60,
    "scan: after": 2,
    COMMIT: 10,
}
"""Where a process dies, and at which of its calls at the latest.

`append` writes a key group's changes to its store, `sink snapshot` flushes an output partition, and only when all of
them are through, a `commit` makes the epoch durable: first the engine's snapshots, then its frontier. What dies before
the frontier is written has to come back as it was before.
"""

SNAPSHOT_POINTS: Final = tuple(point for point in POINTS if not point.startswith(("rollback", "scan")))

_LATEST: Final = 0.06
"""Up to so many seconds after the call."""
_LONGEST_LIFE: Final = 5.0
"""Seconds."""
_PAUSE: Final = 0.4


class Kill(NamedTuple):
    """The end of one start of the processes."""

    point: str
    """One of POINTS, or OUTSIDE."""
    victim: int
    """A process' index; ALL for all of them at once."""
    call: int
    """Which call of the point it is to be."""
    delay: float
    """Seconds: after the call, or after the start."""
    pause: float
    """So many seconds no process of this start is given input, as by a slow broker: epochs go by, durable and empty."""


ALL: Final = -1

Mode = Literal["mixed", "snapshots", "stale", "ahead", "control"]


def kill_at(seed: int, start: int, processes: int, mode: Mode = "mixed") -> Kill:
    """How start number `start` is to end.

    Mode "snapshots" is all from inside, and within snapshots. In "stale" each start leaves some snapshots of an epoch
    without its frontier, and the next one makes that epoch durable without touching what they are of. In "ahead" the
    stores have all the changes of an epoch that does not become durable. In "control" the process dies around a verdict
    on changes of the policy.
    """
    rng = random.Random(f"{seed}-{start}-{processes}")
    victim, delay, pause = rng.randrange(processes), rng.uniform(0, _LATEST), rng.choice([0, _PAUSE])
    if mode == "mixed" and rng.random() < 0.4:
        return Kill(OUTSIDE, rng.choice([ALL, victim]), 0, rng.uniform(0.2, _LONGEST_LIFE), pause)
    if mode == "stale":
        return Kill(COMMIT, victim, rng.randint(1, 3), 0, _PAUSE)
    if mode == "ahead":
        return Kill("sink snapshot: before", victim, rng.randint(1, 4), 0, 0)
    if mode == "control":
        return Kill(rng.choice(["verdict: before", "verdict: after"]), victim, 1, delay, 0)
    point = rng.choice(list(POINTS) if mode == "mixed" else SNAPSHOT_POINTS)
    return Kill(point, victim, rng.randint(1, POINTS[point]), delay, pause)
