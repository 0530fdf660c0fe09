import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataflows.demo.timeline import Timeline, percentile


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=50), st.sampled_from([0.5, 0.9, 0.99, 1.0]))
def test_percentiles_are_of_the_nearest_rank(values: list[float], share: float) -> None:
    assert percentile(values, share) == np.percentile(values, 100 * share, method="inverted_cdf")


def test_nothing_has_no_percentile() -> None:
    assert percentile([], 0.5) is None


def test_seconds_have_their_counts_and_gaps_are_there() -> None:
    timeline = Timeline()
    for at in (0.1, 0.9, 2.5):
        timeline.sent(at)
    timeline.updated(2.6, 40.0)
    timeline.updated(2.7, None)
    timeline.acted(2.7, "block")
    first, gap, last = timeline.seconds()
    assert (first.sent, first.updates, first.p50) == (2, 0, None)
    assert (gap.sent, gap.updates) == (0, 0)
    assert (last.sent, last.updates, last.p50, last.p99, last.actions["block"]) == (1, 2, 40.0, 40.0, 1)


def test_rates_are_of_the_whole_seconds_before_now() -> None:
    timeline = Timeline()
    for second, count in enumerate((10, 20, 30, 500)):
        for _ in range(count):
            timeline.sent(second + 0.5)
    assert timeline.rates(3.2) == (20, 0)
    assert timeline.rates(0.4) == (0, 0)


def test_latencies_since_a_time() -> None:
    timeline = Timeline()
    timeline.updated(1.0, 500.0)
    timeline.updated(9.0, 20.0)
    assert timeline.latency(0.99) == 500
    assert timeline.latency(0.99, since=5.0) == 20
    assert timeline.latency(0.99, since=50.0) is None
    assert Timeline().seconds() == []


def test_a_latency_is_kept_to_the_microsecond() -> None:
    timeline = Timeline()
    timeline.updated(0.0, 123.456)
    assert timeline.latency(0.5) == pytest.approx(123.456, abs=1e-3)
