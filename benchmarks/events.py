"""A stream of plausible events whose users and merchants are as unevenly busy as real ones: Zipf's law."""

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


def events(count: int, users: int, seed: int = 1, first: int = 0) -> Iterator[tuple[bytes, bytes]]:
    """(user's id, event as JSON) in the order of the log: some out of order, a few repeated.

    `first` numbers the first event, and sets its time behind those of the earlier ones.
    """
    rng = np.random.default_rng(seed)
    columns = zip(
        zipf(rng, users, count),
        zipf(rng, MERCHANTS, count),
        rng.choice(len(_TYPES), count, p=_SHARES).tolist(),
        rng.integers(100, 50_000, count).tolist(),
        (rng.integers(0, _DISORDER, count) * (rng.random(count) < _LATER)).tolist(),
        (rng.random(count) < _REPEATED).tolist(),
        strict=True,
    )
    previous = None
    for number, (user, merchant, kind, cents, earlier, repeated) in enumerate(columns, first):
        if repeated and previous:
            yield previous
            continue
        time = START + number * 1_000 // PER_SECOND - earlier
        previous = b"u%07d" % user, _event(number, _TYPES[kind], time, user, merchant, cents)
        yield previous


def one_event_each(users: int) -> Iterator[bytes]:
    """One event of every user, as JSON, all before START."""
    for user in range(users):
        time = START - 60_000 + user * 50_000 // users
        yield _event(user, "payment", time, user, user % MERCHANTS, 100 + user % 50_000, "f")


def _event(number: int, kind: str, time: int, user: int, merchant: int, cents: int, prefix: str = "e") -> bytes:
    shop = f'"merchant_id":"m{merchant:05}",' if kind != "login" else ""
    pay = ""
    if kind in ("payment", "refund"):
        outcome = "declined" if cents % 20 == 0 else "approved"
        pay = (
            f'"order_id":"o{number:09}","amount":{cents / 100},"currency":"EUR","card_id":"c{user:07}-{cents % 2}",'
            f'"outcome":"{outcome}",'
        )
    text = (
        f'{{"event_id":"{prefix}{number:09}","event_type":"{kind}","event_time":"{format_time(time)}",'
        f'"user_id":"u{user:07}",{shop}{pay}"device_id":"d{user:07}",'
        f'"ip":"10.{user >> 16}.{user >> 8 & 255}.{user & 255}","country":"DE","category":"c{merchant % 40}"}}'
    )
    return text.encode()
