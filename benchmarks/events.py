"""A stream of plausible events whose users and merchants are as unevenly busy as real ones: Zipf's law."""

import time
from collections.abc import Iterator
from typing import Final

import numpy as np

from contracts.times import format_time

START: Final = 1_767_225_600_000
"""Event time of the first event, epoch ms."""
PER_SECOND: Final = 10_000
"""Events in a second of event time: what one process can do, so that settling waits for as much as it would live."""
MERCHANTS: Final = 2_000
_EXPONENT: Final = 1.1
_REPEATED: Final = 0.005
_LATER: Final = 0.05
_DISORDER: Final = 300
"""So many (ms) at most is a twentieth of the events behind its place in time."""
_TYPES: Final = ("payment", "login", "refund", "review", "ad_click")
_SHARES: Final = (0.7, 0.15, 0.05, 0.05, 0.05)


def zipf(rng: np.random.Generator, ranks: int, count: int) -> list[int]:
    """`count` draws of the ranks 0 to `ranks` - 1, rank k with a probability in proportion to (k + 1) ** -1.1."""
    shares = np.cumsum(np.arange(1, ranks + 1, dtype=float) ** -_EXPONENT)
    ranked: list[int] = np.searchsorted(shares, rng.random(count) * shares[-1], side="right").tolist()
    return ranked


def events(count: int, users: int, seed: int = 1) -> Iterator[tuple[bytes, bytes]]:
    """(user's id, event as JSON) in the order of the log: some out of order, a few repeated."""
    rng = np.random.default_rng(seed)
    lags = rng.integers(0, _DISORDER, count) * (rng.random(count) < _LATER)
    repeated = rng.random(count) < _REPEATED
    previous = None
    drawn = zip(_draws(rng, count, users), lags.tolist(), repeated.tolist(), strict=True)
    for number, (draw, lag, again) in enumerate(drawn):
        if not again or previous is None:
            previous = _event(f"e{number:09}", START + number * 1_000 // PER_SECOND - lag, *draw)
        yield previous


def live_events(count: int, users: int, seed: int = 1) -> Iterator[tuple[bytes, bytes]]:
    """The same without disorder or repetition, each at the time at which it is asked for."""
    for number, draw in enumerate(_draws(np.random.default_rng(seed), count, users)):
        yield _event(f"e{number:09}", time.time_ns() // 1_000_000, *draw)


def one_event_each(users: int) -> Iterator[tuple[bytes, bytes]]:
    """One event of every user, all before START."""
    for user in range(users):
        moment = START - 60_000 + user * 50_000 // users
        yield _event(f"f{user:09}", moment, user, user % MERCHANTS, 0, 100 + user % 50_000)


def _draws(rng: np.random.Generator, count: int, users: int) -> Iterator[tuple[int, int, int, int]]:
    """User, merchant, index of the type, amount in cents."""
    kinds = rng.choice(len(_TYPES), count, p=_SHARES).tolist()
    cents = rng.integers(100, 50_000, count).tolist()
    return zip(zipf(rng, users, count), zipf(rng, MERCHANTS, count), kinds, cents, strict=True)


def _event(event_id: str, moment: int, user: int, merchant: int, kind: int, cents: int) -> tuple[bytes, bytes]:
    shop = f'"merchant_id":"m{merchant:05}",' if _TYPES[kind] != "login" else ""
    pay = ""
    if _TYPES[kind] in ("payment", "refund"):
        outcome = "declined" if cents % 20 == 0 else "approved"
        pay = (
            f'"order_id":"o{event_id}","amount":{cents / 100},"currency":"EUR","card_id":"c{user:07}-{cents % 2}",'
            f'"outcome":"{outcome}",'
        )
    text = (
        f'{{"event_id":"{event_id}","event_type":"{_TYPES[kind]}","event_time":"{format_time(moment)}",'
        f'"user_id":"u{user:07}",{shop}{pay}"device_id":"d{user:07}",'
        f'"ip":"10.{user >> 16}.{user >> 8 & 255}.{user & 255}","country":"DE","category":"c{merchant % 40}"}}'
    )
    return b"u%07d" % user, text.encode()
