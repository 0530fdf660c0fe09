"""score: everything that is there, in micro-batches, through the scorer."""

import logging
import time
from collections import deque
from collections.abc import Callable, Iterable

from contracts.scoring import ROW_SIZE, RiskScorer, ScoringInput
from dataflows import metrics
from operators.microbatch import micro_batches
from operators.packs import Enriched, Scored, ScoredPack

_LOG = logging.getLogger(__name__)
_DECIMALS = 6


class ScoreStep:
    """Scores all events of an activation; an event is given no score where the scorer fails.

    Where a batch takes longer than `deadline` (s), it and what waits behind it are given none. A batch that fails is
    tried event by event, so that one bad input doesn't degrade its neighbours.
    """

    def __init__(
        self, scorer: RiskScorer | None, token_budget: int, deadline: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._scorer = scorer
        self._token_budget = token_budget
        self._deadline = deadline
        self._clock = clock

    def __call__(self, items: list[tuple[str, list[Enriched]]]) -> Iterable[tuple[str, ScoredPack]]:
        """The packs in order, each event with its score."""
        if self._scorer is None:
            return [(key, ScoredPack(int(key), [Scored(event, None) for event in events])) for key, events in items]
        inputs = [ScoringInput(tuple(event.features), event.window) for _, events in items for event in events]
        with metrics.timed("score"):
            scores = iter(self._score(self._scorer, inputs))
        return [(key, ScoredPack(int(key), [Scored(event, next(scores)) for event in events])) for key, events in items]

    def _score(self, scorer: RiskScorer, inputs: list[ScoringInput]) -> list[float | None]:
        scores: list[float | None] = [None] * len(inputs)
        batches = deque(micro_batches([len(one.window) // ROW_SIZE for one in inputs], self._token_budget))
        while batches:
            indices = batches.popleft()
            started = self._clock()
            found = _attempt(scorer, [inputs[index] for index in indices])
            if self._clock() - started > self._deadline:
                _LOG.error("the scorer took longer than its deadline for a batch of %d", len(indices))
                break
            if found is None:
                if len(indices) > 1:
                    batches.extendleft([index] for index in reversed(indices))
                continue
            metrics.observe_batch(len(indices))
            for index, score in zip(indices, found, strict=True):
                scores[index] = score
        return scores


def _attempt(scorer: RiskScorer, batch: list[ScoringInput]) -> list[float | None] | None:
    """The scores, or None where the scorer failed."""
    try:
        return _checked(scorer.score(batch), len(batch))
    except Exception:  # whatever a model raises, events must go on
        _LOG.exception("the scorer failed on a batch of %d", len(batch))
        return None


def _checked(scores: list[float], expected: int) -> list[float | None]:
    """Rounded; None for what is no probability. Raises ValueError where there are too many or too few."""
    if len(scores) != expected:
        raise ValueError(f"{len(scores)} scores for {expected} inputs")
    checked = [round(float(score), _DECIMALS) if 0 <= score <= 1 else None for score in scores]
    if None in checked:
        _LOG.error("the scorer gave %d scores outside [0, 1]", checked.count(None))
    return checked
