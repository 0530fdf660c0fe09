"""A threshold of least expected cost.

Where scores are calibrated probabilities p, an event is to be held where that costs less than to let it pass,
`(1 - p) * false_hold <= p * miss`, so from `p* = false_hold / (false_hold + miss)` on (Elkan, The Foundations of
Cost-Sensitive Learning, 2001, equation 2, with nothing to pay for what is decided right).

Calibration fades. Of the events that labels were waited for, the scores should add up to the frauds that became known;
where they don't, all logits are shifted by the one number that makes them (Cox, Two Further Applications of a Model for
Binary Regression, 1958: the intercept with the slope at 1), and the threshold goes the other way.
"""

from math import exp, log
from typing import Final

import msgspec
import numpy as np

from contracts.decisions import DECIMALS
from contracts.keys import fingerprint
from operators.policy.definition import CostTable, ThresholdTable
from operators.policy.thresholds.scored import Aim, Scored

DAY: Final = 86_400_000
LEAST_POSITIVES: Final = 30
"""Of fewer frauds than these (a standard error of the shift of 0.2 and more) nothing is learnt."""
_BINS: Final = 10
"""In a unit of the logit."""
_FARTHEST: Final = 8.0
"""No shift is larger."""
_HALVINGS: Final = 50
_EDGE: Final = 10**-DECIMALS
_FINGERPRINTS: Final = 2.0**63


class Followed(msgspec.Struct, array_like=True):
    """An event whose label is waited for; an event that never gets one counts as legitimate."""

    time: int
    score: float
    positive: bool = False


class Matured(msgspec.Struct, array_like=True):
    """A day's events whose labels are in: how many have their logit in each bin, and how many were fraud or abuse."""

    counts: dict[int, int] = msgspec.field(default_factory=dict)
    positives: int = 0


class CostState(msgspec.Struct):
    """What is known of events and labels."""

    followed: dict[str, Followed] = msgspec.field(default_factory=dict)
    days: dict[int, Matured] = msgspec.field(default_factory=dict)


def least_cost_threshold(miss: float, false_hold: float) -> float:
    """The probability from which on a hold costs less than a miss is expected to."""
    return false_hold / (false_hold + miss)


class CostAim:
    """Takes scores and labels, and tells where they would have the threshold."""

    def __init__(self, table: ThresholdTable, cost: CostTable, state: CostState) -> None:
        self._table = table
        self._cost = cost
        self._state = state

    def add(self, scored: Scored) -> None:
        """Take in an event's score."""
        if fingerprint(scored.event_id) < self._cost.followed * _FINGERPRINTS:
            self._state.followed[scored.event_id] = Followed(scored.event_time, scored.score)

    def learn(self, event_id: str, positive: bool) -> None:
        """Take in what became known of an event; what is known last counts."""
        if event_id in self._state.followed:
            self._state.followed[event_id].positive = positive

    def aim(self, now: int) -> Aim:
        """From what labels say of the window's events up to `matures` before `now` (epoch ms)."""
        self._mature(now - self._cost.matures)
        least = least_cost_threshold(self._cost.miss, self._cost.false_hold)
        why = f"a miss costs {self._cost.miss:g}, a false hold {self._cost.false_hold:g}: {least:.4g} if calibrated"
        days = self._state.days
        positives = sum(day.positives for day in days.values())
        if positives >= LEAST_POSITIVES and len(days) * DAY >= self._table.evidence:
            counts: dict[int, int] = {}
            for day in days.values():
                for one, count in day.counts.items():
                    counts[one] = counts.get(one, 0) + count
            shift = logit_shift(counts, positives)
            why += (
                f"; scores of {sum(counts.values()):,} events of {len(days)} days add up to "
                f"{_expected(counts, 0.0):,.1f} frauds, and {positives:,} are known: logits shifted by {shift:.3f}"
            )
            least = _share(_logit(least) - shift)
        margin = self._table.hysteresis / 2
        return Aim(least - margin, least + margin, why)

    def _mature(self, end: int) -> None:
        """Move what happened before `end` to its day, and forget the days before the window."""
        days, followed = self._state.days, self._state.followed
        done = []
        for event_id, one in followed.items():
            if one.time >= end:
                break
            day = days.setdefault(one.time // DAY, Matured())
            place = round(_logit(one.score) * _BINS)
            day.counts[place] = day.counts.get(place, 0) + 1
            day.positives += one.positive
            done.append(event_id)
        for event_id in done:
            del followed[event_id]
        for number in [one for one in days if one * DAY < end - self._table.window]:
            del days[number]


def logit_shift(counts: dict[int, int], positives: int) -> float:
    """What to add to all logits so that the probabilities add up to the positives; `counts` by bin of the logit."""
    low, high = -_FARTHEST, _FARTHEST
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if _expected(counts, middle) < positives else (low, middle)
    return (low + high) / 2


def _expected(counts: dict[int, int], shift: float) -> float:
    logits = np.fromiter(counts, np.float64) / _BINS + shift
    return float((np.fromiter(counts.values(), np.float64) / (1 + np.exp(-logits))).sum())


def _logit(share: float) -> float:
    share = min(max(share, _EDGE), 1 - _EDGE)
    return log(share / (1 - share))


def _share(logit: float) -> float:
    return 1 / (1 + exp(-logit))
