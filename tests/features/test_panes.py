"""What is merged stays bounded."""

from operators.features.panes import Panes
from operators.features.summaries import summarise_identities
from operators.ring import Ring

GREATEST = 10**14


def test_panes_are_few_however_many_events_there_are() -> None:
    ring, panes = Ring((False, True)), Panes([60_000, 3_600_000], 100, {0: summarise_identities})
    for time in range(0, 3_600_000, 60):
        ring.insert(time, (time, 1))
        panes.merge(ring, time, time, time - 4_000_000)
    assert ring.merged <= 2 * 129
    assert len(ring) - ring.merged <= 126
    assert ring.columns[1][-1] == 60_000
    assert sum(len(record or b"") for record in ring.take_changes()[1].values()) < 2 * 129 * 2_200


def test_totals_that_would_overflow_let_go_of_the_oldest() -> None:
    ring, panes = Ring((True,)), Panes([100_000], 1_000, {})
    for time in range(100_000):
        ring.insert(time, (GREATEST,))
        panes.merge(ring, time, time, -1)
    totals = ring.columns[0]
    assert 30_000 * GREATEST < totals[-1] - totals[0] <= 2**62 + 1_250 * GREATEST
    assert ring.find(0) is None
