"""A window's rows: one layout for the struct that writes them and the numpy type that reads them."""

import numpy as np

from contracts.events import EVENT_TYPES, Event
from contracts.keys import fingerprint
from contracts.scoring import ROW_SIZE, WINDOW_FIELDS, window_row

ROWS = np.dtype(list(WINDOW_FIELDS))


def test_the_two_layouts_are_one() -> None:
    assert ROWS.itemsize == ROW_SIZE


def test_a_full_event() -> None:
    event = Event(
        "e", "review", 1_700_000_000_123, "u", "o", 571_600, "EUR", "m", "d", "c", "ip", "DE", "books", "", "ok"
    )
    row = np.frombuffer(window_row(event), ROWS)[0]
    assert (row["event_time"], row["amount"]) == (1_700_000_000_123, 571_600)
    for field, identifier in {"merchant": "m", "device": "d", "card": "c", "ip": "ip"}.items():
        assert row[field] == fingerprint(identifier)
    for field, text in {"country": "DE", "category": "books", "outcome": "ok"}.items():
        assert row[field] == fingerprint(text) % 2**32
    assert EVENT_TYPES[row["event_type"]] == "review"


def test_what_is_absent_is_zero_and_an_absent_amount_is_not_an_amount() -> None:
    row = np.frombuffer(window_row(Event("e", "payment", 1, "u")), ROWS)[0]
    assert row.tolist()[:-1] == (1, -1, 0, 0, 0, 0, 0, 0, 0, 0)
    assert np.frombuffer(window_row(Event("e", "payment", 1, "u", amount=0)), ROWS)[0]["amount"] == 0
