"""What happened in each second of the demo."""

from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable
from math import ceil
from typing import NamedTuple


def percentile(values: Iterable[float], share: float) -> float | None:
    """The nearest-rank percentile, `share` in (0, 1]; None where there are no values."""
    ordered = sorted(values)
    return ordered[max(0, ceil(share * len(ordered)) - 1)] if ordered else None


class Second(NamedTuple):
    """One second; latencies in ms, None where nothing came."""

    sent: int
    updates: int
    p50: float | None
    p99: float | None
    actions: Counter[str]


class Timeline:
    """Counts by the second; times are seconds since the demo began to send."""

    def __init__(self) -> None:
        self._sent: Counter[int] = Counter()
        self._updates: Counter[int] = Counter()
        self._latencies: defaultdict[int, array[float]] = defaultdict(lambda: array("f"))
        self._actions: defaultdict[int, Counter[str]] = defaultdict(Counter)

    def sent(self, at: float) -> None:
        """Count a record that was sent."""
        self._sent[int(at)] += 1

    def updated(self, at: float, latency: float | None) -> None:
        """Count an update, with its latency in ms unless its event is of the history."""
        self._updates[int(at)] += 1
        if latency is not None:
            self._latencies[int(at)].append(latency)

    def acted(self, at: float, action: str) -> None:
        """Count an action."""
        self._actions[int(at)][action] += 1

    def seconds(self) -> list[Second]:
        """Every second from the first to the last in which anything happened."""
        last = max((*self._sent, *self._updates, *self._actions), default=-1)
        return [self._second(number) for number in range(last + 1)]

    def _second(self, number: int) -> Second:
        latencies = self._latencies.get(number, ())
        actions = self._actions.get(number, Counter())
        p50, p99 = percentile(latencies, 0.5), percentile(latencies, 0.99)
        return Second(self._sent[number], self._updates[number], p50, p99, actions)

    def rates(self, now: float, over: int = 3) -> tuple[float, float]:
        """Records sent and updates a second, in the `over` whole seconds before `now`."""
        window = range(max(0, int(now) - over), int(now))
        count = max(len(window), 1)
        return sum(self._sent[n] for n in window) / count, sum(self._updates[n] for n in window) / count

    def latency(self, share: float, since: float = 0.0) -> float | None:
        """A percentile of the latencies, in ms, of what came since then."""
        return percentile((value for at, some in self._latencies.items() if at >= int(since) for value in some), share)
