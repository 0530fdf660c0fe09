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
_ABSENT, _FIRST, _SEEN = 0, 1, 2
_UNKNOWN, _KNOWN = 1, 2


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
    def _known(self) -> dict[str, npt.NDArray[np.uint32]]:
        return {name: np.array(getattr(self, name), np.uint32) for name in VOCABULARIES}

    def encode(self, rows: Rows) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
        """Ids [batch, length, fields] into the shared table and values [batch, length, VALUES], newest first."""
        rows = rows[:, ::-1]
        time = np.ascontiguousarray(rows["event_time"])
        log_gap, alone = _log_gap(time)
        log_age = _log_seconds(time[:, :1] - time)
        amount, amount_bin = self._amounts(rows["amount"])
        codes = {
            "event_type": rows["event_type"],
            "amount": amount_bin,
            "gap": np.where(alone, 0, _time_bin(log_gap) + 1),
            "age": _time_bin(log_age),
            "hour": time // 3_600_000 % 24,
            "weekday": (time // 86_400_000 + 3) % 7,
            "country_change": _change(rows["country"]),
            **{name: _look_up(rows[name], known) for name, known in self._known.items()},
            **{name: _recurrence(rows[name]) for name in ENTITIES},
        }
        ids = np.empty((*time.shape, len(codes)), np.int64)
        for index, code in enumerate(codes.values()):
            np.add(code, self._offsets[index], out=ids[:, :, index], casting="unsafe")
        values = np.empty((*time.shape, VALUES), np.float32)
        values[..., 0] = amount
        values[..., 1] = amount - amount[:, :1]
        values[..., 2] = log_gap * _LOG_SECONDS_SCALE
        values[..., 3] = log_age * _LOG_SECONDS_SCALE
        return ids, values

    def _amounts(self, amount: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
        absent = amount < 0
        logs = np.log1p(np.where(absent, 0, amount) / AMOUNT_SCALE)
        bins = np.searchsorted(self.amount_edges, logs, side="right") + 1
        return (
            np.where(absent, 0.0, (logs - self.amount_mean) / self.amount_scale),
            np.where(absent, _ABSENT, bins),
        )


def frequent(fingerprints: npt.NDArray[np.uint32], most: int, rare: int) -> tuple[int, ...]:
    """The `most` frequent of those that come at least `rare` times, ascending; 0 stands for none."""
    known, counts = np.unique(fingerprints[fingerprints != 0], return_counts=True)
    order = np.lexsort((known, -counts))[:most]
    return tuple(sorted(known[order[counts[order] >= rare]].tolist()))


def _log_seconds(millis: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    return np.log1p(np.maximum(millis, 0) / 1_000)


def _time_bin(log_seconds: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    bins: npt.NDArray[np.int64] = np.minimum(log_seconds * (2 / np.log(2)), TIME_BINS - 1).astype(np.int64)
    return bins


def _log_gap(time: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    previous = np.zeros_like(time)
    previous[:, :-1] = time[:, 1:]
    alone = previous == 0
    return np.where(alone, 0.0, _log_seconds(time - previous)), alone


def _change(value: npt.NDArray[np.uint32]) -> npt.NDArray[np.int64]:
    """Against the event before: 0 where either is absent, 1 the same, 2 changed."""
    codes = np.zeros(value.shape, np.int64)
    new, old = value[:, :-1], value[:, 1:]
    codes[:, :-1] = np.where((new == 0) | (old == 0), 0, np.where(new == old, 1, 2))
    return codes


def _look_up(value: npt.NDArray[np.uint32], known: npt.NDArray[np.uint32]) -> npt.NDArray[np.int64]:
    if not len(known) and not value.any():
        return np.zeros(value.shape, np.int64)
    index = np.searchsorted(known, value)
    found = np.append(known, 0)[index] == value
    return np.where(value == 0, _ABSENT, np.where(found, index + _KNOWN, _UNKNOWN))


def _recurrence(entity: npt.NDArray[np.uint64]) -> npt.NDArray[np.int64]:
    """0 absent; else 1 for the window's first event with this entity, 2 for a later one, plus 2 if the scored one's."""
    if not entity.any():
        return np.zeros(entity.shape, np.int64)
    length = entity.shape[1]
    older = np.triu(np.ones((length, length), np.bool_), 1)
    seen = ((entity[:, :, None] == entity[:, None, :]) & older).any(axis=2)
    code = np.where(seen, _SEEN, _FIRST) + 2 * (entity == entity[:, :1])
    return np.where(entity == 0, _ABSENT, code)
