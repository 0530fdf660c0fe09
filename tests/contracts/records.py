"""Hypothesis strategies for JSON texts of events: valid ones, nearly valid ones, and damaged ones."""

import json
from typing import Any

from hypothesis import strategies as st

from contracts.events import EVENT_TYPES
from contracts.fields import MAX_AMOUNT, MAX_ATTRIBUTE_KEY, MAX_ATTRIBUTE_TEXT, MAX_ATTRIBUTES, MAX_TEXT
from contracts.times import EARLIEST, LATEST, format_time

UNICODE = st.characters(exclude_categories=("Cs",))
"""Any code point that UTF-8 can hold: NUL and the other control characters included, surrogates not."""


def texts(most: int, least: int = 0) -> st.SearchStrategy[str]:
    """Texts of `least` to `most` characters, the longest ones included."""
    return st.text(UNICODE, min_size=least, max_size=min(most, 12)) | st.just("é" * most)


TIMES = st.integers(EARLIEST, LATEST - 1)


def _rfc_3339(fraction: str, zones: list[str]) -> st.SearchStrategy[str]:
    return st.builds(
        lambda time, separator, digits, zone: f"{time[:10]}{separator}{time[11:19]}{digits}{zone}",
        TIMES.map(format_time),
        st.sampled_from("Tt "),
        st.just("") | st.from_regex(fraction, fullmatch=True),
        st.sampled_from(zones),
    )


RFC_3339 = _rfc_3339(r"\.[0-9]{1,9}", ["Z", "z", "+00:00", "-00:00", "+05:30", "-11:59", "+23:59"])
"""In [EARLIEST, LATEST) but for the offset."""
NOT_RFC_3339 = _rfc_3339(r"[.,][0-9]{9,11}", ["+24:00", "+05:60", "+0530", "+05", "+05:30:00", "UTC", ""])
ODD_TIMES = st.sampled_from([
    "2016-12-31T23:59:60Z", "2024-02-30T00:00:00Z", "2023-02-29T00:00:00Z", "2024-01-01T24:00:00Z", "2024-01-01",
    "0000-01-01T00:00:00Z", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "1970-01-01T00:00:00Z",
    "1999-12-31T23:59:59.999Z", "2100-01-01T00:00:00Z", "2099-12-31T23:59:59.999Z", "٢٠٢٤-01-01T00:00:00Z",
    "2024-W01-1T00:00:00Z", "2024-01-01T00:00:00,5Z", "1700000000000", "now", "", EARLIEST, EARLIEST - 1, LATEST,
    LATEST - 1, 0, -1, 1_700_000_000, 1.7e12, 1_700_000_000_000.5, True, None, [], {},
])  # fmt: skip

ATTRIBUTES = st.dictionaries(
    texts(MAX_ATTRIBUTE_KEY),
    texts(MAX_ATTRIBUTE_TEXT) | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.integers(),
    max_size=4,
) | st.just({str(number): number for number in range(MAX_ATTRIBUTES)})

_OPTIONAL = st.none() | texts(128)
REQUIRED = {
    "event_id": texts(128, least=1),
    "event_type": st.sampled_from(EVENT_TYPES),
    "event_time": TIMES | TIMES.map(format_time) | RFC_3339,
    "user_id": texts(128, least=1),
}
OPTIONAL = {
    "order_id": _OPTIONAL,
    "amount": st.none() | st.floats(0, MAX_AMOUNT) | st.integers(0, int(MAX_AMOUNT)),
    "currency": st.none() | texts(8),
    **dict.fromkeys(("merchant_id", "device_id", "card_id", "ip", "country", "category", "outcome"), _OPTIONAL),
    "text": st.none() | texts(MAX_TEXT),
    "attributes": st.none() | ATTRIBUTES,
}
VALID = st.fixed_dictionaries(REQUIRED, optional=OPTIONAL)
"""Valid records, but for a time that its offset moves out of the century."""

_LITERALS = st.sampled_from([
    "null", "true", "false", "0", "-0", "-0.0", "-1", "1e400", "-1e400", "1e-400", "-1e-400", "1E5", "NaN", "Infinity",
    "-Infinity", "9" * 19, "9" * 30, "9" * 400, "9" * 5_000, "9007199254740993", "01", "1.", ".5", "+1", "0x1", "nul",
    "[]", "{}", '""', '"a', '"\\ud800"', '"\\ude00\\ud800"', '"\\ud83d\\ude00"', '"\\u0000"', '"\\x"', '"\x00"',
    '"\x1f"', '"\x7f"', "'a'", "[" * 150 + "]" * 150, "[" * 300 + "]" * 300, "[" * 5_000, '{"a":' * 300, "",
    '{"a":null}', '{"a":NaN}', '{"a":1e400}', '{"a":"\\ud800"}', '{"a":{}}', '{"a":1,"a":true}', '{"":""}',
    '{"a":' + "9" * 400 + "}", "{" + ",".join(['"a":1'] * 40) + "}",
    "{" + ",".join(f'"{n}":1' for n in range(33)) + "}",
])  # fmt: skip
_ODD_SIZES = st.sampled_from([8, 9, 64, 65, 128, 129, 256, 257, 2_000, 2_001]).flatmap(
    lambda size: st.sampled_from(["a" * size, "é" * size, "😀" * size])
)
_NAMES = [*REQUIRED, *OPTIONAL, "unknown", "event\\u005fid", "", "Event_id"]
_ANY_VALUE: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | texts(12)
    | _ODD_SIZES
    | ODD_TIMES
    | RFC_3339
    | NOT_RFC_3339,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts(8), inner, max_size=3),
    max_leaves=4,
)


@st.composite
def json_objects(draw: st.DrawFn) -> bytes:
    """A valid record's fields with some left out, replaced, added or repeated: often valid, often by one field not."""
    escaped = draw(st.booleans())
    fields = [(name, json.dumps(value, ensure_ascii=escaped)) for name, value in draw(VALID).items()]
    odd = st.tuples(st.sampled_from(_NAMES), _LITERALS | _ANY_VALUE.map(json.dumps))
    for name, text in draw(st.lists(odd, max_size=2)):
        where = draw(st.integers(0, len(fields)))
        replaced = draw(st.booleans())
        fields = [field for field in fields if not (replaced and field[0] == name)]
        fields.insert(where, (name, text))
    if draw(st.integers(0, 9)) == 0:
        fields = fields[1:]
    space = draw(st.sampled_from(["", " ", "\n\t"]))
    return ("{" + f",{space}".join(f'"{name}":{space}{text}' for name, text in fields) + "}").encode(
        errors="surrogatepass"
    )


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A valid record's bytes after a few of: a byte replaced, put in or lost, an end cut off, a piece repeated."""
    data = json.dumps(draw(VALID), ensure_ascii=draw(st.booleans())).encode()
    for _ in range(draw(st.integers(1, 3))):
        at, end = sorted((draw(st.integers(0, len(data))), draw(st.integers(0, len(data)))))
        byte = draw(
            st.binary(min_size=1, max_size=1) | st.sampled_from([b'"', b"\\", b"{", b"}", b",", b"0", b"\x00", b"\xff"])
        )
        data = draw(
            st.sampled_from(
                [
                    data[:at] + byte + data[at + 1 :],
                    data[:at] + byte + data[at:],
                    data[:at] + data[at + 1 :],
                    data[:at],
                    data[:end] + data[at:end] + data[end:],
                ]
            )
        )
    return data
