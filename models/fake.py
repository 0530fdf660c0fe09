"""A scorer without a model, for tests and for measuring everything else."""

import time
from collections.abc import Callable, Sequence
from struct import pack

from xxhash import xxh3_64_intdigest

from contracts.scoring import ScoringInput


class FakeScorer:
    """A score that depends on every byte of the input, evenly spread over [0, 1) and the same everywhere.

    `fails` decides which batches raise RuntimeError; `delay` is spent in every call, in seconds.
    """

    def __init__(
        self,
        feature_names: tuple[str, ...] = (),
        window_events: int = 16,
        fails: Callable[[Sequence[ScoringInput]], bool] = lambda batch: False,
        delay: float = 0.0,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._feature_names = feature_names
        self._window_events = window_events
        self._fails = fails
        self._delay = delay
        self._sleep = sleep

    @property
    def version(self) -> str:
        """Names the model."""
        return "fake#1"

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The features it was told to expect; empty takes any."""
        return self._feature_names

    @property
    def window_events(self) -> int:
        """The window it was told to read."""
        return self._window_events

    @property
    def reads_text(self) -> bool:
        """As all of the input."""
        return True

    def score(self, batch: Sequence[ScoringInput]) -> list[float]:
        """One number in [0, 1) for each input."""
        if self._delay:
            self._sleep(self._delay)
        if self._fails(batch):
            raise RuntimeError("the fake scorer was told to fail")
        return [_hash(one) / 2**64 for one in batch]


def _hash(one: ScoringInput) -> int:
    # One bit pattern for every NaN: which one an unknown feature has is chance.
    features = [value if value == value else float("nan") for value in one.features]
    return xxh3_64_intdigest(pack(f"<{len(features)}d", *features) + one.window + one.text.encode())
