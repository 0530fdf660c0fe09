"""The events of a window as BERT reads them: a position each, newest first, the sum of its fields' embeddings.

Newest first puts the scored event at position 0, where BERT keeps its summary, whatever the window's length.
"""

from functools import cached_property
from typing import Final, Self

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

from contracts.events import AMOUNT_SCALE, EVENT_TYPES
from contracts.scoring import WINDOW_FIELDS

Rows = npt.NDArray[np.void]
"""Window rows [batch, length] of ROW_DTYPE, oldest first; a row whose event_time is 0 is padding."""

ROW_DTYPE: Final = np.dtype(list(WINDOW_FIELDS))

ENTITIES: Final = ("merchant", "device", "card", "ip")
VOCABULARIES: Final = ("outcome", "country", "category")

TIME_BINS: Final = 56
"""Two bins for each doubling of the seconds: up to eight years."""

VALUES: Final = 4
"""Numbers beside the fields: the amount, its distance from the scored event's, the gap before, the age."""

_LOG_SECONDS_SCALE = 0.1
_HOUR, _DAY = 3_600_000, 86_400_000
_VOCABULARY_KEYS = (np.arange(len(VOCABULARIES), dtype=np.uint64) << 32)[:, None, None]
_NEVER = 2**64 - 1
_ABSENT, _UNKNOWN, _KNOWN = 0, 1, 2


def unpack_rows(windows: bytes | npt.NDArray[np.uint8], length: int) -> Rows:
    """Concatenated windows of `length` events each, as rows [batch, length]."""
    return np.frombuffer(windows, ROW_DTYPE).reshape(-1, length)


class EventFields(BaseModel):
    """What training learns about the fields of events: bins, scales and vocabularies; kept in the checkpoint."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    event_types: tuple[str, ...]
    amount_edges: tuple[float, ...]
    """Inner edges, ascending, of the bins of log(1 + amount)."""
    amount_mean: float
    amount_scale: float
    outcome: tuple[int, ...]
    """Known fingerprints, ascending; as for country and category."""
    country: tuple[int, ...]
    category: tuple[int, ...]

    @classmethod
    def fit(cls, events: Rows, amount_bins: int = 64, vocabulary: int = 256, rare: int = 20) -> Self:
        """Learn from training events [n]: quantile bins, and the most frequent values that are not `rare`."""
        amount = events["amount"]
        logs = np.log1p(amount[amount >= 0] / AMOUNT_SCALE)
        edges = np.unique(np.quantile(logs, np.arange(1, amount_bins) / amount_bins)) if len(logs) else np.empty(0)
        return cls(
            event_types=EVENT_TYPES,
            amount_edges=tuple(edges.tolist()),
            amount_mean=float(logs.mean()) if len(logs) else 0.0,
            amount_scale=float(logs.std()) or 1.0 if len(logs) else 1.0,
            **{name: frequent(events[name], vocabulary, rare) for name in VOCABULARIES},
        )

    @cached_property
    def sizes(self) -> dict[str, int]:
        """How many ids each field takes, in the order of `encode`'s fields."""
        return {
            "event_type": len(self.event_types),
            "amount": len(self.amount_edges) + 2,
            "gap": TIME_BINS + 1,
            "age": TIME_BINS,
            "hour": 24,
            "weekday": 7,
            "country_change": 3,
            **{name: len(getattr(self, name)) + _KNOWN for name in VOCABULARIES},
            **dict.fromkeys(ENTITIES, 5),
        }

    @cached_property
    def vocabulary_size(self) -> int:
        """Ids of all fields together: the fields share one embedding table."""
        return sum(self.sizes.values())

    @cached_property
    def _offsets(self) -> npt.NDArray[np.int64]:
        return np.cumsum([0, *self.sizes.values()])[:-1]

    @cached_property
    def _edges(self) -> npt.NDArray[np.float64]:
        return np.array(self.amount_edges)

    @cached_property
    def _known(self) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.int64]]:
        """What is known of all vocabularies, ascending, and the code of each; at the end one that is never met."""
        keys, codes = [], []
        for vocabulary, name in enumerate(VOCABULARIES):
            known = (0, *getattr(self, name))
            keys += [(vocabulary << 32) + value for value in known]
            codes += [_ABSENT, *range(_KNOWN, len(known) + 1)]
        return np.array([*keys, _NEVER], np.uint64), np.array([*codes, _UNKNOWN])

    def encode(self, rows: Rows) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float32]]:
        """Ids [batch, length, fields] into the shared table and values [batch, length, VALUES], newest first."""
        rows = rows[:, ::-1]
        time = np.ascontiguousarray(rows["event_time"])
        log_seconds, time_bins = _times(time)
        amount, amount_bins = self._amounts(rows["amount"])
        codes = {
            "event_type": rows["event_type"],
            "amount": amount_bins,
            "gap": time_bins[0],
            "age": time_bins[1],
            "hour": time // _HOUR % 24,
            "weekday": (time // _DAY + 3) % 7,
            "country_change": _change(rows["country"]),
            **self._look_up(rows),
            **_recurrences(rows),
        }
        ids = np.empty((*time.shape, len(codes)), np.int32)
        for index, code in enumerate(codes.values()):
            np.add(code, self._offsets[index], out=ids[:, :, index], casting="unsafe")
        values = np.empty((*time.shape, VALUES), np.float32)
        values[..., 0] = amount
        values[..., 1] = amount - amount[:, :1]
        values[..., 2:] = (log_seconds * _LOG_SECONDS_SCALE).transpose(1, 2, 0)
        return ids, values

    def _amounts(self, amount: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
        absent = amount < 0
        logs = np.log1p(np.where(absent, 0, amount) / AMOUNT_SCALE)
        bins = np.searchsorted(self._edges, logs, side="right") + 1
        return (
            np.where(absent, 0.0, (logs - self.amount_mean) / self.amount_scale),
            np.where(absent, _ABSENT, bins),
        )

    def _look_up(self, rows: Rows) -> dict[str, npt.NDArray[np.int64]]:
        known, codes = self._known
        keys = np.stack([rows[name] for name in VOCABULARIES], dtype=np.uint64)
        keys += _VOCABULARY_KEYS
        index = np.searchsorted(known, keys)
        return dict(zip(VOCABULARIES, np.where(known[index] == keys, codes[index], _UNKNOWN), strict=True))


def frequent(fingerprints: npt.NDArray[np.uint32], most: int, rare: int) -> tuple[int, ...]:
    """The `most` frequent of those that come at least `rare` times, ascending; 0 stands for none."""
    known, counts = np.unique(fingerprints[fingerprints != 0], return_counts=True)
    order = np.lexsort((known, -counts))[:most]
    return tuple(sorted(known[order[counts[order] >= rare]].tolist()))


def _times(time: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """log(1 + seconds) and the bins [2, batch, length] of the gap before each event and of its age."""
    millis = np.zeros((2, *time.shape), np.int64)
    np.subtract(time[:, :-1], time[:, 1:], out=millis[0, :, :-1])
    np.subtract(time[:, :1], time, out=millis[1])
    alone = np.ones(time.shape, np.bool_)
    np.equal(time[:, 1:], 0, out=alone[:, :-1])
    millis[0, alone] = 0
    logs = np.log1p(np.maximum(millis, 0) / 1_000)
    bins = np.minimum(logs * (2 / np.log(2)), TIME_BINS - 1).astype(np.int64)
    bins[0] += 1
    bins[0, alone] = _ABSENT
    return logs, bins


def _change(value: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint8]:
    """Against the event before: 0 where either is absent, 1 the same, 2 changed."""
    codes = np.zeros(value.shape, np.uint8)
    new, old = value[:, :-1], value[:, 1:]
    codes[:, :-1] = (1 + (new != old).view(np.uint8)) * ((new != 0) & (old != 0))
    return codes


def _recurrences(rows: Rows) -> dict[str, npt.NDArray[np.uint8]]:
    """0 absent; else 1 for the window's first event with this entity, 2 for a later one, plus 2 if the scored one's."""
    entities = np.stack([rows[name] for name in ENTITIES])
    codes = 1 + _repeated(entities).view(np.uint8) + 2 * (entities == entities[..., :1]).view(np.uint8)
    codes *= entities != 0
    return dict(zip(ENTITIES, codes, strict=True))


def _repeated(fingerprints: npt.NDArray[np.uint64]) -> npt.NDArray[np.bool_]:
    """Where a fingerprint stands in an earlier event too, that is at a later place along the last axis.

    Equal ones are neighbours once they are sorted, the earliest event's first: its age takes the place of a few of
    their 64 bits, which leaves enough.
    """
    length = fingerprints.shape[-1]
    bits, ages = np.uint64(length.bit_length()), np.arange(length, dtype=np.uint64)[::-1]
    order = np.sort(fingerprints << bits | ages)
    known = order >> bits
    after_equal = np.zeros(order.shape, np.bool_)
    np.equal(known[..., 1:], known[..., :-1], out=after_equal[..., 1:])
    repeated = np.empty(order.shape, np.bool_)
    np.put_along_axis(repeated, length - 1 - (order ^ known << bits).astype(np.int64), after_equal, -1)
    return repeated
