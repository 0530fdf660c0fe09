"""What a scorer is given and what it gives back.

An event window is the user's latest events, oldest first and the scored event last, as packed little-endian rows of
`WINDOW_ROW`. Rows hold fingerprints, never identifiers; what they mean to a model is that model's business.
"""

import struct
from collections.abc import Sequence
from functools import lru_cache
from typing import Final, Literal, NamedTuple, Protocol, TypeAlias, runtime_checkable

from contracts.events import EVENT_TYPES, Event
from contracts.keys import fingerprint

WINDOW_ROW: Final = struct.Struct("<qqQQQQIIIBxxx")
"""event_time (epoch ms), amount (1 / AMOUNT_SCALE, -1 absent), fingerprints of merchant, device, card and ip (64 bit),
of country, category and outcome (32 bit; 0 absent), event type (index in EVENT_TYPES)."""

ROW_SIZE: Final = WINDOW_ROW.size

WINDOW_FIELDS: Final = (
    ("event_time", "<i8"), ("amount", "<i8"), ("merchant", "<u8"), ("device", "<u8"), ("card", "<u8"), ("ip", "<u8"),
    ("country", "<u4"), ("category", "<u4"), ("outcome", "<u4"), ("event_type", "u1"), ("padding", "V3"),
)  # fmt: skip
"""WINDOW_ROW as a numpy dtype description, for scorers that decode many rows at once."""

Precision: TypeAlias = Literal["float32", "bfloat16"]
"""In which a model is served."""

_TYPE_CODES = {name: code for code, name in enumerate(EVENT_TYPES)}


def window_row(event: Event) -> bytes:
    """One event as a row of ROW_SIZE bytes."""
    return WINDOW_ROW.pack(
        event.event_time,
        -1 if event.amount is None else event.amount,
        fingerprint(event.merchant_id) if event.merchant_id else 0,
        fingerprint(event.device_id) if event.device_id else 0,
        fingerprint(event.card_id) if event.card_id else 0,
        fingerprint(event.ip) if event.ip else 0,
        short_fingerprint(event.country),
        short_fingerprint(event.category),
        short_fingerprint(event.outcome),
        _TYPE_CODES[event.event_type],
    )


@lru_cache(maxsize=4_096)
def short_fingerprint(name: str) -> int:
    """32 bits for a country, category or outcome; 0: absent. Of few names: a lookup costs a third of the hash."""
    return fingerprint(name) & 0xFFFFFFFF if name else 0


class ScoringInput(NamedTuple):
    """One event to score: its feature vector, in the order of the feature set's names (NaN: unknown), and window."""

    features: tuple[float, ...]
    window: bytes
    text: str = ""
    """The scored event's own, such as a review's words; those of earlier events are not kept."""


class RiskScorer(Protocol):
    """Anything that turns scoring inputs into risks."""

    @property
    def version(self) -> str:
        """Names the model in every update; changes whenever a score could."""

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The features that the scorer expects, in order; empty where it takes any."""

    @property
    def window_events(self) -> int:
        """At most so many of the user's events, the scored one included, are read."""

    @property
    def reads_text(self) -> bool:
        """Whether a score depends on the event's own text."""

    def score(self, batch: Sequence[ScoringInput]) -> list[float]:
        """One probability in [0, 1] for each input; in float32 the same alone or in any batch within 1e-5."""


@runtime_checkable
class ExplainableScorer(RiskScorer, Protocol):
    """A scorer that knows what is usual: its scores can be explained by what is not."""

    def usual(self, event_type: str) -> tuple[float, ...]:
        """What each feature mostly was for legitimate events of a type, NaN: mostly unknown; empty: never learnt."""
