"""Records that no flow can read, as real producers send them."""

import orjson

from contracts.codec import encode_event
from contracts.events import Event


def breakages(event: Event) -> list[bytes]:
    """The event's record, spoilt in a dozen ways."""
    good = encode_event(event)
    return [
        good[: len(good) // 2],
        _with(good, amount="12,50"),
        _with(good, amount=-12.5),
        _with(good, event_time=0),
        _with(good, event_time="yesterday"),
        _with(good, event_type="purchase"),
        _with(good, user_id=None),
        _with(good, event_id=""),
        good.replace(b'"', b"'"),
        b"\xff\xfe" + good,
        b"[" * 2_000,
        b"",
    ]


def _with(good: bytes, **fields: object) -> bytes:
    return orjson.dumps(orjson.loads(good) | fields)
