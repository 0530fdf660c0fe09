"""A seeded stream of records that no producer should send, each of a known kind and unlike every other."""

import json
import random
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

HUGE_BYTES = 2 * 1024 * 1024
HUGE_EVERY = 2_000
"""One record in so many is huge: 100,000 bad records are about 170 MB."""


class Kind(NamedTuple):
    """How a kind of bad record is made, and the code and words that its refusal must hold."""

    make: Callable[[random.Random], bytes]
    code: str
    says: str


def good_fields(rng: random.Random) -> dict[str, Any]:
    """The fields of a valid event."""
    return {
        "event_id": f"event-{rng.getrandbits(64):016x}",
        "event_type": rng.choice(["payment", "refund", "login", "account_change", "review", "ad_click"]),
        "event_time": rng.randrange(1_600_000_000_000, 1_700_000_000_000),
        "user_id": f"user-{rng.randrange(1_000)}",
        "amount": rng.randrange(1, 100_000) / 100,
        "merchant_id": f"merchant-{rng.randrange(100)}",
    }


def _with(**changes: Any) -> Callable[[random.Random], bytes]:
    return lambda rng: json.dumps(good_fields(rng) | changes).encode()


def _with_raw(name: str, raw: bytes) -> Callable[[random.Random], bytes]:
    """Text that json.dumps would not write."""
    return lambda rng: json.dumps(good_fields(rng) | {name: "RAW"}).encode().replace(b'"RAW"', raw)


def _without(name: str) -> Callable[[random.Random], bytes]:
    return lambda rng: json.dumps({key: value for key, value in good_fields(rng).items() if key != name}).encode()


def _good(rng: random.Random) -> bytes:
    return json.dumps(good_fields(rng)).encode()


def _truncated(rng: random.Random) -> bytes:
    data = _good(rng)
    return data[: rng.randrange(1, len(data))]


def _invalid_utf8(rng: random.Random) -> bytes:
    torn = rng.choice([b"\xff\xfe", b"\xc0\x80", b"\xed\xa0\x80", b"\xe4\xbd", b"\x80"])
    return _with_raw(rng.choice(["user_id", "text", "unknown"]), b'"' + torn + b'"')(rng)


def _deep(rng: random.Random) -> bytes:
    depth = rng.randrange(300, 3_000)
    opening, closing = rng.choice([(b"[", b"]"), (b'{"a":', b"}")])
    return _with_raw(rng.choice(["attributes", "unknown"]), opening * depth + b"1" + closing * depth)(rng)


def _binary(rng: random.Random) -> bytes:
    return b"\x00" + rng.randbytes(rng.randrange(1, 200))


def _huge_text(rng: random.Random) -> bytes:
    return json.dumps(good_fields(rng) | {"text": "x" * HUGE_BYTES}).encode()


def _huge_truncated(rng: random.Random) -> bytes:
    return json.dumps(good_fields(rng) | {"payload": ["x" * 1_000] * (HUGE_BYTES // 1_000)}).encode()[:HUGE_BYTES]


HUGE = {
    "2 MB of text": Kind(_huge_text, "invalid_field", "text: String should have at most 2000"),
    "2 MB cut off": Kind(_huge_truncated, "not_json", "EOF"),
}
"""The codec refuses them for what is in them; a source with a limit of size refuses them unread, as `too_large`."""

SMALL = {
    "empty": Kind(lambda _: b"", "not_json", "EOF"),
    "truncated": Kind(_truncated, "not_json", "EOF"),
    "plain text": Kind(lambda rng: f"user {rng.random()} paid".encode(), "not_json", "expected value"),
    "binary": Kind(_binary, "not_json", "expected value"),
    "CSV": Kind(lambda rng: b'"' + _good(rng)[14:36] + b'",payment,12.50', "not_json", "trailing characters"),
    "two objects": Kind(lambda rng: _good(rng) + b"\n" + _good(rng), "not_json", "trailing characters"),
    "single quotes": Kind(lambda rng: str(good_fields(rng)).encode(), "not_json", "key must be a string"),
    "trailing comma": Kind(lambda rng: _good(rng)[:-1] + b",}", "not_json", "trailing comma"),
    "byte order mark": Kind(lambda rng: b"\xef\xbb\xbf" + _good(rng), "not_json", "expected value"),
    "UTF-16": Kind(lambda rng: _good(rng).decode().encode("utf-16"), "not_json", "expected value"),
    "invalid UTF-8": Kind(_invalid_utf8, "not_json", "invalid unicode"),
    "lone surrogate": Kind(_with_raw("user_id", b'"\\ud83d!"'), "not_json", "hex escape"),
    "control character": Kind(_with_raw("text", b'"a\x01b"'), "not_json", "control character"),
    "deep nesting": Kind(_deep, "not_json", "recursion limit"),
    "integer of 5,000 digits": Kind(_with_raw("amount", b"9" * 5_000), "not_json", "out of range"),
    "null": Kind(lambda _: b"null", "not_an_object", "must be a JSON object"),
    "number": Kind(lambda rng: str(rng.random()).encode(), "not_an_object", "must be a JSON object"),
    "string": Kind(lambda rng: json.dumps(_good(rng).decode()).encode(), "not_an_object", "must be a JSON object"),
    "array": Kind(lambda rng: b"[" + _good(rng) + b"]", "not_an_object", "must be a JSON object"),
    "empty object": Kind(lambda _: b"{}", "invalid_field", "event_id: Field required; event_type: Field required"),
    "no event_id": Kind(_without("event_id"), "invalid_field", "event_id: Field required"),
    "no event_type": Kind(_without("event_type"), "invalid_field", "event_type: Field required"),
    "no event_time": Kind(_without("event_time"), "invalid_field", "event_time: Field required"),
    "no user_id": Kind(_without("user_id"), "invalid_field", "user_id: Field required"),
    "null user_id": Kind(_with(user_id=None), "invalid_field", "user_id: Input should be a valid string"),
    "empty user_id": Kind(_with(user_id=""), "invalid_field", "user_id: String should have at least 1"),
    "long user_id": Kind(_with(user_id="u" * 129), "invalid_field", "user_id: String should have at most 128"),
    "number as user_id": Kind(_with(user_id=42), "invalid_field", "user_id: Input should be a valid string"),
    "object as merchant_id": Kind(
        _with(merchant_id={"id": 7}), "invalid_field", "merchant_id: Input should be a valid"
    ),
    "wrong event_type": Kind(_with(event_type="Payment"), "invalid_field", "event_type: Input should be 'payment'"),
    "text as amount": Kind(_with(amount="12.50"), "invalid_field", "amount: Input should be a valid number"),
    "bool as amount": Kind(_with(amount=True), "invalid_field", "amount: Input should be a valid number"),
    "negative amount": Kind(_with(amount=-0.01), "invalid_field", "amount: Input should be greater than or equal to 0"),
    "huge amount": Kind(_with(amount=10**30), "invalid_field", "amount: Input should be less than or equal to"),
    "1e400 as amount": Kind(_with_raw("amount", b"1e400"), "invalid_field", "amount: Input should be"),
    "NaN as amount": Kind(_with(amount=float("nan")), "invalid_field", "amount: Input should be"),
    "Infinity as amount": Kind(_with(amount=float("inf")), "invalid_field", "amount: Input should be"),
    "long text": Kind(_with(text="好" * 2_001), "invalid_field", "text: String should have at most 2000"),
    "list of attributes": Kind(_with(attributes=["a", "b"]), "invalid_field", "attributes: Input should be an object"),
    "many attributes": Kind(
        _with(attributes={str(n): None for n in range(200)}), "invalid_field", "attributes: must have at most 32"
    ),
    "nested attribute": Kind(_with(attributes={"cart": {"a": 1}}), "invalid_field", "attributes.cart: Input should be"),
    "NaN as attribute": Kind(_with(attributes={"x": float("nan")}), "invalid_field", "attributes.x: Input should be"),
    "time in 1970": Kind(_with(event_time="1970-01-01T00:00:00Z"), "invalid_field", "event_time: must lie between"),
    "time in 2200": Kind(_with(event_time="2200-01-01T00:00:00Z"), "invalid_field", "event_time: must lie between"),
    "time of zero": Kind(_with(event_time=0), "invalid_field", "event_time: must lie between"),
    "time in seconds": Kind(_with(event_time=1_700_000_000), "invalid_field", "event_time: must lie between"),
    "time in nanoseconds": Kind(_with(event_time=1_700_000_000 * 10**9), "invalid_field", "event_time: must lie"),
    "fractional time": Kind(_with(event_time=1.7e12 + 0.5), "invalid_field", "event_time: must be RFC 3339"),
    "time as digits": Kind(_with(event_time="1700000000000"), "invalid_field", "event_time: must be RFC 3339"),
    "time without an offset": Kind(_with(event_time="2024-01-01T00:00:00"), "invalid_field", "with an offset"),
    "30 February": Kind(_with(event_time="2024-02-30T00:00:00Z"), "invalid_field", "event_time: day is out of range"),
    "leap second": Kind(_with(event_time="2016-12-31T23:59:60Z"), "invalid_field", "event_time: second must be"),
}

KINDS = SMALL | HUGE


def bad_records(seed: int, count: int) -> Iterator[tuple[str, bytes]]:
    """`count` bad records with the names of their kinds (keys of KINDS); every kind comes early and equally often.

    The huge ones are the exception: one in HUGE_EVERY, the first record among them.
    """
    rng = random.Random(seed)
    small, huge = list(SMALL), list(HUGE)
    for number in range(count):
        turn, rest = divmod(number, HUGE_EVERY)
        kind = small[number % len(small)] if rest else huge[turn % len(huge)]
        yield kind, KINDS[kind].make(rng)
