"""No single field gives fraud away: what one field of a payment says alone must separate badly."""

from collections import Counter
from collections.abc import Hashable

import numpy as np
import numpy.typing as npt
import pytest

from dataflows.simulator.dice import DAY, HOUR

from .conftest import Month

MOST = 0.8
IDENTIFIERS = ("user_id", "order_id", "merchant_id", "device_id", "card_id", "ip")
CODES = ("currency", "country", "category", "outcome")

Truth = npt.NDArray[np.bool_]
Values = npt.NDArray[np.float64]


def auc(truth: Truth, values: Values) -> float:
    """Area under the ROC curve (Mann-Whitney, ties by mean rank), whichever side the abusive ones lie on."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    positives = truth.sum()
    area = (ranks[truth].sum() - positives * (positives + 1) / 2) / (positives * (len(truth) - positives))
    return float(max(area, 1 - area))


def shares(truth: Truth, keys: list[Hashable]) -> Values:
    """Each key's own share of abuse: the best that anything could make of a value alone."""
    count, abusive = Counter(keys), Counter(key for key, abuse in zip(keys, truth, strict=True) if abuse)
    return np.array([abusive[key] / count[key] for key in keys])


def frequencies(keys: list[Hashable]) -> Values:
    """How often each key comes in the whole month."""
    count = Counter(keys)
    return np.array([float(count[key]) for key in keys])


def seen_before(keys: list[Hashable]) -> Values:
    """How often each key came before."""
    count: Counter[Hashable] = Counter()
    before = []
    for key in keys:
        before.append(float(count[key]))
        count[key] += 1
    return np.array(before)


def binned(values: Values, bins: int = 20) -> list[Hashable]:
    """Quantile bins, so that their shares of abuse may rise and fall with the value."""
    return list(np.searchsorted(np.unique(np.quantile(values, np.linspace(0, 1, bins + 1))), values).tolist())


@pytest.fixture(scope="module")
def areas(month: Month) -> dict[str, float]:
    """What each field of a payment separates alone."""
    paid = [occurrence for occurrence in month.occurrences if occurrence.event.event_type == "payment"]
    truth = np.array([bool(scenario) for _, scenario in paid])
    assert truth.sum() > 300
    events = [event for event, _ in paid]
    amount = np.array([float(event.amount or 0) for event in events])
    found = {"amount": amount, "amount, binned": shares(truth, binned(amount))}
    found["cents"] = shares(truth, [int(value) // 100 % 100 for value in amount])
    found["hour"] = shares(truth, [event.event_time // HOUR % 24 for event in events])
    found["weekday"] = shares(truth, [event.event_time // DAY % 7 for event in events])
    for name in CODES:
        found[name] = shares(truth, [getattr(event, name) for event in events])
    for name in IDENTIFIERS:
        keys = [getattr(event, name) for event in events]
        found[f"{name}, frequency"] = frequencies(keys)
        found[f"{name}, frequency binned"] = shares(truth, binned(frequencies(keys)))
        found[f"{name}, seen before"] = seen_before(keys)
        found[f"{name}, new to the user"] = seen_before([(event.user_id, getattr(event, name)) for event in events])
    return {name: auc(truth, values) for name, values in found.items()}


def test_no_single_field_of_a_payment_gives_fraud_away(areas: dict[str, float]) -> None:
    telling = {name: round(area, 3) for name, area in areas.items() if area >= MOST}
    assert telling == {}


def test_but_fields_do_say_something(areas: dict[str, float]) -> None:
    assert max(areas.values()) > 0.6
