"""Events as ids and values, against windows written by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.events import EVENT_TYPES, Event
from contracts.keys import fingerprint
from contracts.scoring import window_row
from models.event_fields import TIME_BINS, EventFields, Rows, unpack_rows
from tests.models.synthetic import rows

MONDAY_NINE = 1_525_078_800_000  # 2018-04-30T09:00:00Z
MINUTE = 60_000


def known(country: str) -> int:
    return fingerprint(country) & 0xFFFFFFFF


FIELDS = EventFields(
    event_types=EVENT_TYPES,
    amount_edges=(float(np.log1p(10.0)), float(np.log1p(100.0))),
    amount_mean=0.0,
    amount_scale=1.0,
    outcome=(),
    country=tuple(sorted([known("DE"), known("FR")])),
    category=(),
)


def window(*events: Event) -> Rows:
    return unpack_rows(b"".join(map(window_row, events)), len(events))


def event(minutes: float, **fields: object) -> Event:
    return Event("e", str(fields.pop("event_type", "payment")), MONDAY_NINE + round(minutes * MINUTE), "u", **fields)  # type: ignore[arg-type]


def codes(field: str, *events: Event) -> list[int]:
    """One field's codes, newest event first."""
    ids, _ = FIELDS.encode(window(*events))
    names = list(FIELDS.sizes)
    start = sum(FIELDS.sizes[name] for name in names[: names.index(field)])
    return [int(code) - start for code in ids[0, :, names.index(field)]]


def test_positions_run_from_the_scored_event_back() -> None:
    assert codes("event_type", event(0, event_type="login"), event(1)) == [0, EVENT_TYPES.index("login")]


def test_amounts_fall_into_bins_and_an_absent_one_into_none() -> None:
    amounts = [None, 0, 100_000, 990_000, 5_000_000]
    assert codes("amount", *(event(0, amount=amount) for amount in amounts)) == [3, 2, 2, 1, 0]


def test_gap_and_age_grow_with_the_logarithm_of_seconds() -> None:
    three = (event(0), event(1), event(3))
    assert codes("gap", *three) == [1 + int(2 * np.log2(121)), 1 + int(2 * np.log2(61)), 0]
    assert codes("age", *three) == [0, int(2 * np.log2(121)), int(2 * np.log2(181))]


def test_a_century_stays_in_the_last_bin_and_time_running_backwards_in_the_first() -> None:
    assert codes("age", event(0), event(60 * 24 * 365 * 81)) == [0, TIME_BINS - 1]
    assert codes("gap", event(5), event(0))[0] == 1


def test_hour_and_weekday_are_those_of_utc() -> None:
    assert codes("hour", event(0), event(15 * 60)) == [0, 9]
    assert codes("weekday", event(0), event(15 * 60)) == [1, 0]


def test_values_are_absent_unknown_or_known() -> None:
    countries = [event(0), event(1, country="XX"), event(2, country="DE"), event(3, country="FR")]
    de, fr = (2 + FIELDS.country.index(known(name)) for name in ("DE", "FR"))
    assert codes("country", *countries) == [fr, de, 1, 0]
    assert codes("category", event(0), event(1, category="toys")) == [1, 0]


def test_a_change_of_country_is_seen_where_both_are_given() -> None:
    travels = [event(0, country="DE"), event(1, country="FR"), event(2, country="FR"), event(3), event(4, country="FR")]
    assert codes("country_change", *travels) == [0, 0, 1, 2, 0]


def test_recurrence_tells_first_from_repeated_and_the_scored_event_s_from_others() -> None:
    merchants = ["a", "b", "a", "", "b", "a"]
    assert codes("merchant", *(event(i, merchant_id=name) for i, name in enumerate(merchants))) == [4, 2, 0, 4, 1, 3]


@given(st.lists(st.sampled_from(["", "a", "b", "c"]), min_size=1, max_size=20))
def test_recurrence_of_any_window(merchants: list[str]) -> None:
    expected = [
        (1 + (name in merchants[:place]) + 2 * (name == merchants[-1])) if name else 0
        for place, name in enumerate(merchants)
    ]
    assert codes("merchant", *(event(i, merchant_id=name) for i, name in enumerate(merchants))) == expected[::-1]


def test_values_beside_the_fields_are_relative_to_the_scored_event() -> None:
    _, values = FIELDS.encode(window(event(0, amount=0), event(1, amount=990_000), event(3, amount=90_000)))
    assert values[0, :, 0] == pytest.approx(np.log1p([9, 99, 0]), rel=1e-6)
    assert values[0, :, 1] == pytest.approx(np.log1p([9, 99, 0]) - np.log(10), rel=1e-6)
    assert values[0, :, 3] == pytest.approx(0.1 * np.log1p([0, 120, 180]), rel=1e-6)


def test_padding_changes_nothing() -> None:
    whole = rows(np.random.default_rng(3), 20)
    padded = np.zeros((20, whole.shape[1] + 4), whole.dtype)
    padded[:, 4:] = whole
    (ids, values), (padded_ids, padded_values) = FIELDS.encode(whole), FIELDS.encode(padded)
    np.testing.assert_array_equal(ids, padded_ids[:, : whole.shape[1]])
    np.testing.assert_array_equal(values, padded_values[:, : whole.shape[1]])


def test_every_id_is_in_the_table() -> None:
    ids, _ = FIELDS.encode(rows(np.random.default_rng(3), 500))
    assert ids.min() >= 0
    assert ids.max() < FIELDS.vocabulary_size


def test_fit_keeps_frequent_values_and_spreads_amounts_evenly() -> None:
    events = rows(np.random.default_rng(3), 1_000)[:, -1]
    events["country"][:5] = 99
    fields = EventFields.fit(events, amount_bins=8)
    assert fields.country == (31, 32, 33)
    assert fields.outcome == (71, 72)
    assert fields.category == ()
    share = np.bincount(np.digitize(np.log1p(events["amount"] / 10_000), fields.amount_edges)) / 1_000
    assert share == pytest.approx(np.full(8, 1 / 8), abs=0.01)


def test_events_without_amounts_can_be_learnt_from() -> None:
    events = rows(np.random.default_rng(3), 100)[:, -1]
    events["amount"] = -1
    fields = EventFields.fit(events)
    assert (fields.amount_edges, fields.amount_mean, fields.amount_scale) == ((), 0.0, 1.0)
