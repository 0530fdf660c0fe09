"""The join's journal: wherever it is interrupted, it goes on from its last snapshot as if nothing had been."""

import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from contracts.events import Event
from dataflows.state import StateDirectory
from dataflows.steps import join
from operators.features import parse_feature_set
from operators.packs import Arrival, Enriched, JoinPack, Reply, encode_list, list_decoder

FEATURES = parse_feature_set(
    'name = "two"\n'
    + "".join(
        f'[[features]]\nname = "{kind}_1d"\nentity = "{kind}"\naggregate = "count"\nwindows = ["1d"]\n'
        for kind in ("card", "merchant")
    ),
    "two.toml",
)
GROUP = 7
KINDS = ["events"] * 3 + ["replies"] * 4 + ["snapshot"] * 4 + ["crash", "crash before the last"]
STEPS = st.lists(st.tuples(st.sampled_from(KINDS), st.integers(0, 1000)), min_size=20, max_size=60)


def packs(steps: list[tuple[str, int]]) -> list[tuple[str, JoinPack | None]]:
    """What comes in, with the interruptions between; a reply may come before its event."""
    made: list[tuple[str, JoinPack | None]] = []
    delayed: list[Enriched] = []
    owed: list[Reply] = []
    offset = 0
    for step, draw in steps:
        if step == "events":
            coming = [_event(offset + number, (draw + number) % 4) for number in range(1 + draw % 4)]
            offset += len(coming)
            replies = [reply for event in coming for reply in _replies(event)]
            early = replies[: draw % 2]
            made.append((step, JoinPack(GROUP, delayed, early)))
            delayed = coming
            owed += replies[len(early) :]
        elif step == "replies":
            replies = [owed.pop(draw % min(3, len(owed))) for _ in range(min(len(owed), draw % 6))]
            made.append((step, JoinPack(GROUP, [], replies)))
        else:
            made.append((step, None))
    return [*made, ("the rest", JoinPack(GROUP, delayed, owed))]


def _event(offset: int, waiting: int) -> Enriched:
    arrival = Arrival(Event(f"e{offset}", "payment", 0, "u"), 3, offset, False, 0)
    return Enriched(arrival, [-1.0, -1.0], b"w", waiting, False)


def _replies(event: Enriched) -> list[Reply]:
    arrival = event.arrival
    return [
        Reply(arrival.token, kind, [arrival.offset + kind / 4], arrival.offset % 5 == 0, GROUP)
        for kind in range(2)
        if event.waiting & 1 << kind
    ]


def copied(pack: JoinPack) -> JoinPack:
    """Packs are changed by those who take them."""
    (copy,) = list_decoder(JoinPack)(encode_list([pack]))
    assert isinstance(copy, JoinPack)
    return copy


@given(STEPS)
def test_an_interrupted_join_gives_what_an_undisturbed_one_does(steps: list[tuple[str, int]]) -> None:
    script = packs(steps)
    with tempfile.TemporaryDirectory() as folder:
        directory = StateDirectory(Path(folder) / "state")
        whole = join.open_part(FEATURES, directory, 0, None)
        wanted = [one for _, pack in script if pack for one in whole.take([copied(pack)])]
        assert run(directory, script) == wanted


def run(directory: StateDirectory, script: list[tuple[str, JoinPack | None]]) -> list[list[Enriched]]:
    """With snapshots and crashes: what was given after the snapshot that is gone back to is given again."""
    part = join.open_part(FEATURES, directory, GROUP, None)
    marks: list[tuple[int | None, int, int]] = [(None, 0, 0)] * 2
    released: list[list[Enriched]] = []
    crashed: set[int] = set()
    at = 0
    while at < len(script):
        step, pack = script[at]
        at += 1
        if pack is not None:
            released += part.take([copied(pack)])
        elif step == "snapshot":
            marks = [marks[-1], (part.snapshot(), at, len(released))]
        elif at not in crashed:
            crashed.add(at)
            mark = marks[-1] if step == "crash" else marks[0]
            version, at, count = mark
            marks = [mark, mark]
            del released[count:]
            part._store.close()
            part = join.open_part(FEATURES, directory, GROUP, version)
    return released
